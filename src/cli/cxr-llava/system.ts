/** CXR-LLaVA as commands train and evaluate it. */

import type { Tree } from '../../engine';
import { estimateLlavaMemory, fitLlava, type LlavaRecipe, type LlavaStage, llavaParts, loadLlavaRecipe } from '../../systems';
import type { AskedSystem } from '../asking/train';

export const cxrLlava: AskedSystem<LlavaRecipe, LlavaStage> = {
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
