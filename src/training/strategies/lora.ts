/** Hu et al. 2021, arXiv:2106.09685: low-rank adapters on attention's projections, beside weights that stay as they are. */

import { join } from 'node:path';
import { saveLora } from '../../pipelines';
import { checkLora, hasLora, initLora, type LoraOptions, mergeLora, withLora } from '../../pipelines/internal';
import { defineStrategy, type StrategyDefinition } from './strategy';

export const lora: StrategyDefinition = defineStrategy({
  name: 'lora',
  what: 'low-rank adapters on the attention projections of U-Net, text encoder or both',
  settings: { rank: 4, alpha: 4, parts: ['unet'] as readonly string[] },
  create(settings) {
    const options = settings as LoraOptions;
    checkLora(options, 'strategy lora');
    return {
      trains: () => false,
      extend(model) {
        if (hasLora(model.unet.params) || hasLora(model.textEncoder.params))
          throw new RangeError('strategy lora: the model has adapters already; mergeLora or removeLora first');
        return {
          textEncoder: options.parts.includes('textEncoder'),
          add: (params, key) => initLora(params, options, key),
          apply: (params, added) => withLora(params, added, options),
        };
      },
      async save(model, folder) {
        await saveLora(model, join(folder, 'pytorch_lora_weights.safetensors'));
        mergeLora(model);
      },
    };
  },
});
