/** A network of a few parameters. */

import type { CxrLlavaConfig } from 'roentgen-lab/systems';

export const tinyConfig: CxrLlavaConfig = {
  model_type: 'CXR-LLAVA',
  llama: {
    vocab_size: 520,
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    max_position_embeddings: 64,
    initializer_range: 0.3,
  },
  clip_vision_cfg: { layers: 2, width: 8, head_width: 4, patch_size: 4, image_size: 8 },
  clip_embed_dim: 5,
  image_preprocess_cfg: { mean: 0.4, std: 0.25 },
  mm_projector_dim: 8,
};
