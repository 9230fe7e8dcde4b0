/** `roentgen cxr-llava`: a language model that is asked about a radiograph; one line a subcommand. */

import type { Command } from 'commander';
import type { Tree } from '../../engine';
import { estimateLlavaMemory, fitLlava, type LlavaRecipe, type LlavaStage, llavaParts, loadLlavaRecipe } from '../../systems';
import { type AskedSystem, addTrainAsked } from '../asking/train';
import type { Context } from '../context';
import { addEvaluateLlava } from './evaluate';

const system: AskedSystem<LlavaRecipe, LlavaStage> = {
  name: 'cxr-llava',
  stages: { vision: 'Labels of images', language: 'Texts', projector: 'Images to words', dialogues: 'Dialogues' },
  views: ['PA', 'AP'],
  load: loadLlavaRecipe,
  size: ({ vision: { image_size = 224 } }) => image_size,
  memory: estimateLlavaMemory,
  parts: llavaParts,
  async fit({ data: { train: data, texts }, onProgress, ...options }, parts) {
    const shown = (done: number, total: number): void => onProgress('Images read once', done, total);
    return (await fitLlava({ ...options, data, texts, onProgress: shown }, parts)).params as Tree;
  },
};

/** The command's subcommands. */
export function addCxrLlava(command: Command, context: Context): void {
  addTrainAsked(system, command.command('train'), context);
  addEvaluateLlava(command.command('evaluate'), context);
}
