import { defineStrategy, ofUNet, type StrategyDefinition, swapEncoder } from './strategy';

export const encoderSwap: StrategyDefinition = defineStrategy({
  name: 'encoder-swap',
  what: 'another text encoder, which stays as it is, with a U-Net made anew: how the paper uses RadBERT and SapBERT',
  settings: { encoder: '', max_length: 0 },
  create: ({ encoder, max_length: maxLength }) => ({
    trains: ofUNet,
    prepare: (preparation) => swapEncoder(preparation, 'encoder-swap', encoder, maxLength, { projection: false, unet: 'fresh' }),
  }),
});
