/** The smallest autoencoder that the tests of its training share. */

/** Of its images, pixels. */
export const SIZE = 32;
export const config = {
  in_channels: 1,
  out_channels: 1,
  block_out_channels: [8, 8],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
  layers_per_block: 1,
  latent_channels: 4,
  norm_num_groups: 4,
} as const;
