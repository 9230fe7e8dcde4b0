import { dispose } from '../../engine';
import { initUNet } from '../../unet';
import { defineStrategy, ofUNet, type StrategyDefinition } from './strategy';

export const randomUNet: StrategyDefinition = defineStrategy({
  name: 'random-unet',
  what: 'a U-Net made anew, with the pretrained text encoder, which trains too or stays as it is',
  settings: { text_encoder: true },
  create: ({ text_encoder: joint }) => ({
    trains: (path) => joint || ofUNet(path),
    prepare({ model, data, key }) {
      const old = model.unet.params;
      model.unet = { ...model.unet, params: initUNet(model.unet.config, key) };
      dispose(old);
      return data;
    },
  }),
});
