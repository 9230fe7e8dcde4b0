import { defineStrategy, ofUNet, type StrategyDefinition } from './strategy';

export const unetOnly: StrategyDefinition = defineStrategy({
  name: 'unet-only',
  what: 'the U-Net; the text encoder stays as it is',
  settings: {},
  create: () => ({ trains: ofUNet }),
});
