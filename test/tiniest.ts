/** The smallest networks that a recipe can be run with: for tests of the way, not of what is learnt. */
export const tiniest = {
  size: 32,
  vae: {
    config: {
      down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
      up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
      block_out_channels: [8, 16],
      sample_size: 32,
    },
  },
  unet: { down_block_types: ['CrossAttnDownBlock2D'], up_block_types: ['CrossAttnUpBlock2D'], block_out_channels: [16] },
  text_encoder: { config: { num_hidden_layers: 1 } },
} as const;
