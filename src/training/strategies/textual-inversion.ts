/** Gal et al. 2022, arXiv:2208.01618: new words' embeddings are found for images that a frozen model is to make (eq. 2). */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { flatten, scope, type Tree } from '../../engine';
import { merge } from '../../engine/internal';
import { addTokens, idsOfWord, saveLearnedEmbeds, tokenTablePath, vectorTokens } from '../../pipelines/internal';
import { defineStrategy, fillTemplate, type StrategyDefinition } from './strategy';

/** The table with rows at these ids in place of its own. */
function withRows(table: tf.Tensor2D, rows: tf.Tensor2D, ids: readonly number[]): tf.Tensor2D {
  return scope(() => {
    const [V, C] = table.shape;
    const parts: tf.Tensor2D[] = [];
    let next = 0;
    for (const id of [...ids].sort((a, b) => a - b)) {
      if (id > next) parts.push(tf.slice2d(table, [next, 0], [id - next, C]));
      parts.push(tf.slice2d(rows, [ids.indexOf(id), 0], [1, C]));
      next = id + 1;
    }
    if (next < V) parts.push(tf.slice2d(table, [next, 0], [V - next, C]));
    return parts.length === 1 ? tf.clone(parts[0]!) : tf.concat2d(parts, 0);
  });
}

export const textualInversion: StrategyDefinition = defineStrategy({
  name: 'textual-inversion',
  what: 'the embeddings of new tokens alone; every other weight stays bit for bit',
  settings: { token: '<cxr>', vectors: 1, initialiser: 'picture', template: '{token} {text}' },
  create({ token, vectors, initialiser, template }) {
    if (!Number.isSafeInteger(vectors) || vectors < 1)
      throw new RangeError(`strategy textual-inversion: vectors: expected a whole number from 1, got ${vectors}`);
    const tokens = vectorTokens(token, vectors);
    return {
      trains: () => false,
      prompt: (text) => fillTemplate(template, tokens.join(' '), text),
      prepare({ model, data }) {
        addTokens(model, tokens, initialiser);
        return data;
      },
      extend(model) {
        const ids = idsOfWord(model, token, vectors);
        const path = `textEncoder.${tokenTablePath(model.textEncoder.params)}`;
        return {
          textEncoder: true,
          add: (params) => ({ rows: scope(() => tf.gather(flatten(params)[path] as tf.Tensor2D, ids)) }),
          apply: (params, added) =>
            merge(params, { [path]: withRows(flatten(params)[path] as tf.Tensor2D, (added as { rows: tf.Tensor2D }).rows, ids) } as Tree),
        };
      },
      save: (model, folder) => saveLearnedEmbeds(model, token, vectors, join(folder, 'learned_embeds.safetensors')),
    };
  },
});
