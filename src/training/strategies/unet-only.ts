import type { Strategy } from './strategy';

export const unetOnly: Strategy = {
  name: 'unet-only',
  what: 'the U-Net; the text encoder stays as it is',
  trains: (path) => path.startsWith('unet.'),
};
