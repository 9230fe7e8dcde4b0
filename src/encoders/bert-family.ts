/** BERT, RoBERTa and XLM-RoBERTa as a family of text encoders. */

import type * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { type BertParams, bert, bertHiddenStates, bertShapes, initBert } from './bert';
import { type BertConfig, bertWindow, completeBertConfig } from './bert-config';
import { bertClass, hasPooler, loadBert, saveBert } from './bert-files';
import { type EncoderFamily, meanState } from './family';

const KINDS = { bert: 'BERT', roberta: 'RoBERTa', 'xlm-roberta': 'XLM-RoBERTa' } as const;

const context = (config: BertConfig, params: BertParams, ids: tf.Tensor2D, mask?: tf.Tensor2D): tf.Tensor3D =>
  scope(() => bert(config, { ...params, pooler: undefined }, ids, { mask }).lastHiddenState);

export const bertFamily: EncoderFamily<BertConfig, BertParams> = {
  modelTypes: ['bert', 'roberta', 'xlm-roberta'],
  classNames: ['BertModel', 'RobertaModel', 'XLMRobertaModel'],
  unused: ['pooler'],
  facts(config) {
    const c = completeBertConfig(config);
    const sizes = { width: c.hidden_size, window: bertWindow(c), vocabulary: c.vocab_size };
    return { kind: KINDS[c.model_type], ...sizes, className: bertClass(config), masks: true };
  },
  init: initBert,
  shapes: (config, keys = new Set()) => bertShapes(config, { pooler: hasPooler(keys) }),
  context,
  hiddenStates: (config, params, ids, mask) => bertHiddenStates(config, params, ids, { mask }),
  states: (config, params, ids, tokens, mask) =>
    scope(() => {
      const states = context(config, params, ids, mask);
      return { context: states, pooled: meanState(states, tokens) };
    }),
  load: loadBert,
  save: saveBert,
};
