/** `roentgen chexagent`: a language model that is asked about one radiograph or two; one line a subcommand. */

import type { Command } from 'commander';
import type { Tree } from '../../engine';
import {
  type CheXagentRecipe,
  type CheXagentStage,
  cheXagentParts,
  estimateCheXagentMemory,
  fitCheXagent,
  instructSource,
  loadCheXagentRecipe,
} from '../../systems';
import { type AskedSystem, addTrainAsked } from '../asking/train';
import type { Context } from '../context';
import { addEvaluateCheXagent } from './evaluate';

const system: AskedSystem<CheXagentRecipe, CheXagentStage> = {
  name: 'chexagent',
  stages: { language: 'Texts', vision: 'Images and reports aligned', bridge: 'Images to words', instructions: 'Instructions' },
  views: ['PA', 'AP', 'LATERAL'],
  load: loadCheXagentRecipe,
  size: ({ vision: { image_size = 224 } }) => image_size,
  memory: estimateCheXagentMemory,
  parts: cheXagentParts,
  async fit({ data: { train, texts }, ...options }, parts) {
    const model = await fitCheXagent({ ...options, source: instructSource(train), pixels: train.pixels, texts }, parts);
    return model.params as Tree;
  },
};

/** The command's subcommands. */
export function addCheXagent(command: Command, context: Context): void {
  addTrainAsked(system, command.command('train'), context);
  addEvaluateCheXagent(command.command('evaluate'), context);
}
