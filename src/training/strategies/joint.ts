import type { Strategy } from './strategy';

export const joint: Strategy = {
  name: 'joint',
  what: 'U-Net and text encoder together, the default of the paper',
  trains: () => true,
};
