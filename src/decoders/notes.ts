/** Keys of transformers' configs of language models that say nothing about what a pass computes. */

import { is, type PublishedKeys } from '../files/internal';

/** Files' notes and what concerns training or generating text; dropout is never applied. */
export const DECODER_NOTES: PublishedKeys = Object.fromEntries(
  (
    'architectures dtype torch_dtype transformers_version attention_dropout attn_pdrop embd_pdrop resid_pdrop use_cache ' +
    'bos_token_id eos_token_id pad_token_id task_specific_params n_ctx summary_activation summary_first_dropout summary_proj_to_labels summary_type ' +
    'summary_use_proj id2label label2id num_labels output_attentions output_hidden_states return_dict is_decoder tokenizer_class'
  )
    .split(' ')
    .map((key) => [key, is.anything]),
);
