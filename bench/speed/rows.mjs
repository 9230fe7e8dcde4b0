// The rows of the speed table: what both sides compute, and what the ratio should be at most.

/** `variants` of the reference; ours is compared with the quickest of those that compute in the same precision. */
const fp32 = ['', 'channels_last'];

export const works = [
  { name: 'small U-Net, training step', case: 'unet-small', mode: 'train', variants: fp32, rounds: 5, calls: 8, targets: { step: 0.55, peak: 1.03, first: 1.5 } },
  { name: 'tiny U-Net, training step', case: 'unet-tiny', mode: 'train', variants: fp32, rounds: 5, calls: 30, targets: { step: 0.4 } },
  { name: 'small U-Net, forward', case: 'unet-small', mode: 'forward', variants: fp32, rounds: 5, calls: 15, targets: { step: 0.5 } },
  { name: 'Stable Diffusion 1.4 U-Net at 256², forward', case: 'unet-sd14', mode: 'forward', variants: [''], rounds: 4, calls: 3, targets: { step: 0.45 } },
  { name: 'VAE at 128², training step', case: 'vae', mode: 'train', variants: fp32, rounds: 4, calls: 5, targets: { step: 0.7 } },
];
