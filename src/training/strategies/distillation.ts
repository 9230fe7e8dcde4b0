/**
 * Learning without forgetting (Li and Hoiem 2016, arXiv:1606.09282, eq. 2 and 3, with a squared error): of old prompts the model is to go on predicting what
 * it predicted before, whatever is in the image. Images that it made itself are enough: no data of the old domain are needed but texts.
 */

import { contextParts } from '../../encoders/internal';
import type { Tree } from '../../engine';
import { valuesOf } from '../leaf-values';
import { checkOldDomain, followedBy, oldDomain, oldDomainSettings } from './old-domain';
import { checkShare, defineStrategy, ofUNet, type StrategyDefinition } from './strategy';

export const distillation: StrategyDefinition = defineStrategy({
  name: 'distillation',
  what: "the old model's predictions on old prompts as a further target, by default on images that it makes itself, against forgetting",
  settings: { ...oldDomainSettings, records: 128, made: true as boolean, share: 0.25, weight: 1, text_encoder: true },
  create(settings) {
    const { share, weight } = settings;
    checkOldDomain('distillation', settings);
    checkShare('distillation', share, weight);
    return {
      trains: (path) => settings.text_encoder || ofUNet(path),
      async prepare(preparation) {
        const { data, model } = preparation;
        const { unet, textEncoder, textProjection } = model;
        const teacher: Tree = {
          unet: unet.params,
          textEncoder: contextParts(textEncoder.params).used as Tree,
          projection: textProjection?.params,
        };
        return {
          ...followedBy(data, await oldDomain(preparation, settings)),
          prior: { from: data.texts.length, weight, share },
          teacher: valuesOf(teacher),
        };
      },
    };
  },
});
