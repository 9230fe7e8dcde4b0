import { defineStrategy, type StrategyDefinition } from './strategy';

export const joint: StrategyDefinition = defineStrategy({
  name: 'joint',
  what: 'U-Net and text encoder together, the default of the paper',
  settings: {},
  create: () => ({ trains: () => true }),
});
