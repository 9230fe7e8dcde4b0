/** Keys of transformers' configs of image encoders that say nothing about what they compute. */

import { is, type PublishedKeys } from '../files/internal';

/** Files' notes and what concerns training: dropout is never applied. */
export const NOTES: PublishedKeys = Object.fromEntries(
  (
    'architectures dtype torch_dtype transformers_version attention_probs_dropout_prob hidden_dropout_prob attention_dropout dropout ' +
    'id2label label2id num_labels problem_type initializer_range initializer_factor projection_dim chunk_size_feed_forward ' +
    'output_attentions output_hidden_states return_dict is_encoder_decoder tie_word_embeddings'
  )
    .split(' ')
    .map((key) => [key, is.anything]),
);
