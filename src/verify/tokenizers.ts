/** Verifies tokenizers: ids, tokens, truncation and sentence pairs, exact, with the vocabularies of the data folder. */

import { readdir, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { readJson } from '../files/internal';
import { loadTokenizer } from '../tokenizers';
import type { Checker, CheckOptions, Measure } from './checker';
import { exact } from './measure';

interface Fixture {
  readonly max_length: number;
  readonly cases: readonly { text: string; ids: number[]; tokens: string[]; padded_length: number; truncated_ids: number[] }[];
  readonly pairs?: readonly { text: string; text_pair: string; ids: number[]; token_type_ids: number[] }[];
  readonly pad: number;
  readonly bos?: number;
  readonly eos?: number;
  readonly cls?: number;
  readonly sep?: number;
}

/** A fixture `<name>.json` belongs to the vocabulary in `<data>/tokenizers/<name>`. */
export const tokenizersChecker: Checker = {
  component: 'tokenizers',
  async cases(folder) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
    const found: string[] = [];
    for (const name of names) if (Array.isArray((await readJson<Partial<Fixture>>(join(folder, name))).cases)) found.push(parse(name).name);
    return found;
  },
  async *check(folder, name, options) {
    const fixture = await readJson<Fixture>(join(folder, `${name}.json`));
    const tokenizer = await loadTokenizer(await findVocabulary(name, options), { maxLength: fixture.max_length });
    if (!fixture.cases?.length) throw new Error(`${name}.json lists no cases`);
    const { cases, pairs = [], bos, cls, eos, sep } = fixture;
    yield texts(
      'ids',
      cases.map(({ text }) => tokenizer.ids(text)),
      cases.map(({ ids }) => ids),
    );
    yield texts(
      'tokens',
      cases.map(({ text }) => tokenizer.tokens(text)),
      cases.map(({ tokens }) => tokens),
    );

    // The padded form is the truncated ids followed by the padding token, its mask that many ones.
    const encoded = cases.map(({ text }) => tokenizer.encode(text));
    const padded = cases.map(({ truncated_ids: ids }) => [...ids, ...Array<number>(fixture.max_length - ids.length).fill(fixture.pad)]);
    yield texts(
      'truncated and padded ids',
      encoded.map(({ ids }) => [...ids]),
      padded,
    );
    yield texts(
      'mask',
      encoded.map(({ mask }) => [...mask]),
      cases.map(({ padded_length: n }) => Array.from({ length: fixture.max_length }, (_, i) => Number(i < n))),
    );
    yield exact(
      'tokens lost',
      encoded.map(({ lostTokens }) => lostTokens),
      cases.map(({ ids, truncated_ids: kept }) => ids.length - kept.length),
    );

    const specials = [
      [tokenizer.padId, fixture.pad],
      [tokenizer.startId, bos ?? cls],
      [tokenizer.endId, eos ?? sep],
    ].filter(([, want]) => want !== undefined);
    yield exact(
      'special tokens',
      specials.map(([got]) => got ?? -1),
      specials.map(([, want]) => want!),
    );
    if (pairs.length === 0) return;
    const encodedPairs = pairs.map((pair) => tokenizer.encodePair(pair.text, pair.text_pair));
    yield texts(
      'pairs',
      encodedPairs.map(({ ids, typeIds }) => [...ids, ...typeIds]),
      pairs.map(({ ids, token_type_ids: typeIds }) => [...ids, ...typeIds]),
    );
  },
};

/** The error is the number of texts that differ anywhere. */
function texts(quantity: string, got: readonly (readonly (number | string)[])[], want: readonly (readonly (number | string)[])[]): Measure {
  return exact(
    `${quantity} of ${want.length} texts`,
    got.map((row) => JSON.stringify(row)),
    want.map((row) => JSON.stringify(row)),
  );
}

async function findVocabulary(name: string, { data }: CheckOptions): Promise<string> {
  const candidates = data.map((folder) => join(folder, 'tokenizers', name));
  for (const candidate of candidates) if (await stat(candidate).catch(() => undefined)) return candidate;
  throw new Error(
    `the vocabulary is not in ${candidates.join(' or ') || 'any data folder'}; pass --data DIR of a folder with tokenizers/${name}`,
  );
}
