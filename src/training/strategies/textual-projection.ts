import { defineStrategy, type StrategyDefinition, swapEncoder } from './strategy';

export const textualProjection: StrategyDefinition = defineStrategy({
  name: 'textual-projection',
  what: "another text encoder with a projection into the old one's context, which alone trains; the U-Net stays as it is",
  settings: { encoder: '', max_length: 0 },
  create: ({ encoder, max_length: maxLength }) => ({
    trains: (path) => path.startsWith('projection.'),
    prepare: (preparation) => swapEncoder(preparation, 'textual-projection', encoder, maxLength, { projection: true, unet: 'keep' }),
  }),
});
