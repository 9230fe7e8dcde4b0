/** T5 and mT5 as a family of text encoders. */

import { scope } from '../engine';
import { type EncoderFamily, meanState } from './family';
import { initT5, type T5Params, t5, t5HiddenStates, t5Shapes } from './t5';
import { completeT5Config, type T5Config } from './t5-config';
import { loadT5, saveT5, t5Class } from './t5-files';

export const t5Family: EncoderFamily<T5Config, T5Params> = {
  modelTypes: ['t5', 'mt5'],
  classNames: ['T5EncoderModel', 'MT5EncoderModel'],
  unused: [],
  facts(config) {
    const c = completeT5Config(config);
    return { kind: 'T5', width: c.d_model, window: undefined, vocabulary: c.vocab_size, className: t5Class(config), masks: true };
  },
  init: initT5,
  shapes: t5Shapes,
  context: (config, params, ids, mask) => t5(config, params, ids, { mask }),
  hiddenStates: (config, params, ids, mask) => t5HiddenStates(config, params, ids, { mask }),
  states: (config, params, ids, tokens, mask) =>
    scope(() => {
      const context = t5(config, params, ids, { mask });
      return { context, pooled: meanState(context, tokens) };
    }),
  load: loadT5,
  save: saveT5,
};
