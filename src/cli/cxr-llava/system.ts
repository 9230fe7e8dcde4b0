/** CXR-LLaVA as commands train and evaluate it. */

import type { Tree } from '../../engine';
import {
  estimateLlavaMemory,
  fitLlava,
  type LlavaRecipe,
  type LlavaStage,
  llavaParts,
  llavaVisionOf,
  loadLlavaRecipe,
} from '../../systems';
import type { AskedSystem } from '../asking/train';

export const cxrLlava: AskedSystem<LlavaRecipe, LlavaStage> = {
  name: 'cxr-llava',
  stages: {
    vision: 'Labels of images',
    language: 'Texts',
    alignment: 'Images and labels aligned',
    projector: 'Images to words',
    dialogues: 'Dialogues',
  },
  views: ['PA', 'AP'],
  load: loadLlavaRecipe,
  size: (recipe) => llavaVisionOf(recipe).size,
  memory: estimateLlavaMemory,
  parts: llavaParts,
  async fit({ data: { train: data, texts }, onProgress, ...options }, parts) {
    const shown = (done: number, total: number): void => onProgress('Images read once', done, total);
    return (await fitLlava({ ...options, data, texts, onProgress: shown }, parts)).params as Tree;
  },
};
