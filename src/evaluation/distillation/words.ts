/** Texts as counts of their tokens: what a probe reads where there is no encoder. */

import type { Representation } from '../../probes';
import type { Tokenizer } from '../../tokenizers';

/** Counts of the tokens that more than one text has, [n, tokens]. */
export function wordsOf(tokenizer: Tokenizer, texts: readonly string[]): Representation {
  const { ids, mask } = tokenizer.encodeBatch(texts);
  const L = tokenizer.maxLength;
  const counts = texts.map((_, i) => {
    const own = new Map<number, number>();
    for (let at = i * L; at < (i + 1) * L; at++) if (mask[at] === 1) own.set(ids[at]!, (own.get(ids[at]!) ?? 0) + 1);
    return own;
  });
  const inTexts = new Map<number, number>();
  for (const own of counts) for (const id of own.keys()) inTexts.set(id, (inTexts.get(id) ?? 0) + 1);
  const kept = [...inTexts].filter(([, n]) => n > 1).map(([id]) => id);
  const values = new Float32Array(texts.length * kept.length);
  for (const [i, own] of counts.entries()) for (const [k, id] of kept.entries()) values[i * kept.length + k] = own.get(id) ?? 0;
  return { values, rows: texts.length, columns: kept.length };
}
