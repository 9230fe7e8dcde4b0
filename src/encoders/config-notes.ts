/** Keys of transformers' configs (PretrainedConfig and its classes) that say nothing about what an encoder computes. */

import { is, type PublishedKeys } from '../files/internal';

/** Files' notes, what concerns training or generating text, and sizes of heads that are not read. */
export const NOTES: PublishedKeys = Object.fromEntries(
  (
    'chunk_size_feed_forward ' + // the same numbers, in parts
    'architectures auto_map bos_token_id eos_token_id sep_token_id decoder_start_token_id cls_token_id mask_token_id ' +
    'dtype torch_dtype transformers_version adapters tie_word_embeddings tie_encoder_decoder torchscript use_cache use_bfloat16 ' +
    'attention_probs_dropout_prob hidden_dropout_prob classifier_dropout dropout dropout_rate gradient_checkpointing ' +
    'output_past output_attentions output_hidden_states return_dict pruned_heads ' +
    'id2label label2id num_labels problem_type finetuning_task task_specific_params language name directionality ' +
    'pooler_fc_size pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type ' +
    'prefix bad_words_ids diversity_penalty do_sample early_stopping encoder_no_repeat_ngram_size exponential_decay_length_penalty ' +
    'forced_bos_token_id forced_eos_token_id length_penalty max_length min_length no_repeat_ngram_size num_beam_groups num_beams ' +
    'num_return_sequences output_scores remove_invalid_values repetition_penalty return_dict_in_generate suppress_tokens ' +
    'begin_suppress_tokens temperature tf_legacy_loss tokenizer_class top_k top_p typical_p cross_attention_hidden_size'
  )
    .split(' ')
    .map((key) => [key, is.anything]),
);
