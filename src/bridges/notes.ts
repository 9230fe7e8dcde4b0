/** Keys of transformers' configs that change nothing of what is computed here. */

import { DECODER_NOTES } from '../decoders/internal';
import { is, type PublishedKeys } from '../files/internal';

/** Dropout is never applied. */
export const BRIDGE_NOTES: PublishedKeys = {
  ...DECODER_NOTES,
  attention_probs_dropout_prob: is.anything,
  hidden_dropout_prob: is.anything,
};
