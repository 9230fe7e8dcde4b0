/** CheXagent as commands train and evaluate it. */

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
import type { AskedSystem } from '../asking/train';

export const cheXagent: AskedSystem<CheXagentRecipe, CheXagentStage> = {
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
