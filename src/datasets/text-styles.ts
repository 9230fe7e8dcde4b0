/** The phantom with texts of one style, or of both. Beside its folder: what is in that one names the images that are kept on disk. */

import { createHash } from 'node:crypto';
import { type BatchOptions, checkIndex, type Dataset } from './dataset';
import { openPhantom, type PhantomDataset, type PhantomOptions } from './phantom';
import { phantomSettings } from './phantom/settings';

/**
 * `prompt`: short prompts in a small vocabulary, eight findings, all equally likely. `impression`: free language as a radiologist writes it, all kinds of
 * findings as frequent as in a hospital. `both`: records with an even index have prompts, the others impressions.
 */
export type TextStyle = 'prompt' | 'impression' | 'both';
export const textStyles: readonly TextStyle[] = ['prompt', 'impression', 'both'];

/** What is added to a seed for the impressions beside prompts: other patients than those of the prompts. */
const IMPRESSIONS = 10;

/**
 * The phantom with texts of a style. Findings that are labelled: of `prompt` the eight that its texts have, of `impression` all kinds. Of `both` the eight: both
 * halves show them often enough to be measured, and figures compare with those of prompts alone; other findings of an impression are in its text and its image, and
 * in no label.
 */
export function styledPhantom({ style = 'prompt', ...options }: Omit<PhantomOptions, 'style'> & { readonly style?: TextStyle }): Dataset {
  if (style !== 'both') return openPhantom({ ...options, style });
  const { seed = 0, count = 1000 } = options;
  if (count < 2) return openPhantom({ ...options, style: 'prompt' });
  const prompts = openPhantom({ ...options, style: 'prompt', count: Math.ceil(count / 2) });
  const impressions = openPhantom({ ...options, style: 'impression', seed: seed + IMPRESSIONS, count: Math.floor(count / 2) });
  return inTurn([prompts, impressions], phantomSettings().prompt.findings);
}

/** Records of two phantoms in turn, with labels of these findings alone. */
function inTurn(parts: readonly [PhantomDataset, PhantomDataset], findings: readonly string[]): Dataset & Pick<PhantomDataset, 'study'> {
  const [first, second] = parts;
  const only = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(values).filter(([finding]) => findings.includes(finding)));
  const place = (i: number): readonly [PhantomDataset, number] => {
    checkIndex(dataset, i);
    return [parts[i % 2]!, Math.floor(i / 2)];
  };
  const dataset: Dataset & Pick<PhantomDataset, 'study'> = {
    name: first.name,
    credit: first.credit,
    findings,
    length: first.length + second.length,
    fingerprint: createHash('sha256').update(`${first.fingerprint} and ${second.fingerprint}`).digest('hex').slice(0, 20),
    study(i) {
      const [part, k] = place(i);
      return part.study(k);
    },
    record(i) {
      const [part, k] = place(i);
      const { labels, sides, ...record } = part.record(k);
      return { ...record, labels: only(labels), sides: only(sides) };
    },
    pixels(i, size, threads) {
      const [part, k] = place(i);
      return part.pixels(k, size, threads);
    },
    async batch(indices, size, { onProgress, signal }: BatchOptions = {}) {
      const images = new Float32Array(indices.length * size * size);
      let done = 0;
      for (const [which, part] of parts.entries()) {
        const places = Array.from(indices, (_, at) => at).filter((at) => indices[at]! % 2 === which);
        for (const at of places) checkIndex(dataset, indices[at]!);
        const before = done;
        const values = await part.batch(
          places.map((at) => Math.floor(indices[at]! / 2)),
          size,
          { onProgress: (now) => onProgress?.(before + now, indices.length), ...(signal && { signal }) },
        );
        places.forEach((at, k) => {
          images.set(values.subarray(k * size * size, (k + 1) * size * size), at * size * size);
        });
        done += places.length;
      }
      return images;
    },
  };
  return dataset;
}
