/** CLIP's text encoder as a family of text encoders. */

import { scope } from '../engine';
import { type ClipTextConfig, completeClipTextConfig } from './clip-config';
import { loadClipText, saveClipText } from './clip-files';
import { type ClipTextParams, clipContext, clipHiddenStates, clipText, clipTextShapes, initClipText } from './clip-text';
import type { EncoderFamily } from './family';

export const clipFamily: EncoderFamily<ClipTextConfig, ClipTextParams> = {
  modelTypes: ['clip_text_model', 'clip'],
  classNames: ['CLIPTextModel', 'CLIPTextModelWithProjection'],
  unused: ['text_projection'],
  facts(config) {
    const c = completeClipTextConfig(config);
    const sizes = { width: c.hidden_size, window: c.max_position_embeddings, vocabulary: c.vocab_size };
    return { kind: 'CLIP', ...sizes, className: 'CLIPTextModel', masks: config.use_attention_mask === true };
  },
  init: initClipText,
  shapes: (config) => clipTextShapes(config),
  context: (config, params, ids, mask) => clipContext(config, params, ids, { mask }),
  hiddenStates: (config, params, ids, mask) => clipHiddenStates(config, params, ids, { mask }),
  states: (config, params, ids, _, mask) =>
    scope(() => {
      const { lastHiddenState: context, pooled } = clipText(config, params, ids, { mask });
      return { context, pooled };
    }),
  load: async (folder, variant) => ({ ...(await loadClipText(folder, 'model', variant)), ignored: [] }),
  save: saveClipText,
};
