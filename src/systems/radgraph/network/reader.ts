/** A network put to use: it annotates reports. */

import type * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose } from '../../../engine';
import { nextTurn } from '../../../engine/internal';
import type { Tokenizer } from '../../../tokenizers';
import type { RadGraphReport } from '../annotation';
import type { DygieEntity, DygieRelation } from '../schema/dygie';
import { sentencesOf } from '../schema/sentences';
import { radGraphTokens } from '../schema/tokens';
import type { DygieConfig } from './config';
import { type Found, foundIn, reportFound } from './decode';
import { piecesReader, type ReportPieces, type ReportSize, reportTensors } from './encode';
import { type DygieScores, dygie, type ReportTensors } from './forward';
import type { DygieParams } from './params';

/** A network with its tokenizer. */
export interface DygieModel {
  readonly config: DygieConfig;
  /** The caller disposes it. */
  readonly params: DygieParams;
  readonly tokenizer: Tokenizer;
}

/** A report as it was annotated. */
export interface Annotated {
  readonly report: RadGraphReport;
  /** All that was found, with scores; also relations between what is no entity. */
  readonly found: Found;
  /** Words behind the first 512; and those that alone are longer than the network's window. */
  readonly lostWords: number;
  /** Relations that were left out since they closed a circle. */
  readonly circles: number;
}

export interface AnnotateOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Annotates reports. The caller disposes it. */
export interface RadGraphReader {
  readonly config: DygieConfig;
  /**
   * Annotates texts: split into tokens as the network was trained, and of reports that are longer than its window a few sentences at a time.
   *
   * @returns in their order; of a text without tokens an empty report
   * @throws the signal's reason where it was raised
   */
  annotate(texts: readonly string[], options?: AnnotateOptions): Promise<Annotated[]>;
  /** The same of reports whose tokens are there. */
  annotateTokens(reports: readonly (readonly string[])[], options?: AnnotateOptions): Promise<Annotated[]>;
  dispose(): void;
}

/** Words that are read of a report: more than BERT's 512 pieces of the published networks hold. What is behind them is cut and counted. */
export const MOST_WORDS = 512;
/** BERT's two, around each part. */
const MARKS = 2;
/** Parts of reports at a time. */
const BATCH = 32;
/** The smallest window that reports have a graph of their own for. */
const LEAST = 24;

/** Windows from the network's own down by halves: a short report takes little time. */
function windowsOf({ max_words, max_pieces }: DygieConfig): ReportSize[] {
  const sizes: ReportSize[] = [{ words: max_words, pieces: max_pieces }];
  for (;;) {
    const { words, pieces } = sizes.at(-1)!;
    if (words <= LEAST) return sizes.reverse();
    sizes.push({ words: Math.ceil(words / 2), pieces: Math.ceil(pieces / 2) });
  }
}

/** Puts a network to use. It borrows the model. */
export function radGraphReader({ config, params, tokenizer }: DygieModel): RadGraphReader {
  const read = piecesReader(tokenizer, config);
  const countPieces = (word: string): number => read([word]).length - MARKS;
  const network = compileNetwork((weights: DygieParams, reports: ReportTensors): DygieScores => dygie(config, weights, reports));
  const windows = windowsOf(config);
  const fits = ({ pieces, length }: ReportPieces): ReportSize =>
    windows.find((size) => pieces.length <= size.words && length <= size.pieces)!;

  const batchOf = (parts: readonly ReportPieces[], size: ReportSize): Found[] => {
    const empty: ReportPieces = { words: [], pieces: [], length: 2, lostWords: 0 };
    const filled = Array.from({ length: BATCH }, (_, i) => parts[i] ?? empty); // one shape, whatever is left
    const inputs = reportTensors(config, tokenizer, filled, size);
    const scores = network(params, inputs);
    try {
      const row = (tensor: tf.Tensor): ((i: number) => Float32Array) => {
        const [values, length] = [tensor.dataSync() as Float32Array, tensor.size / BATCH];
        return (i) => values.subarray(i * length, (i + 1) * length);
      };
      const [entities, top, relations] = [row(scores.entities), row(scores.top), row(scores.relations)];
      return parts.map(({ words }, i) =>
        foundIn(config, { entities: entities(i), top: top(i), relations: relations(i), window: size.words }, words.length),
      );
    } finally {
      dispose(inputs, scores);
    }
  };

  const annotateTokens: RadGraphReader['annotateTokens'] = async (reports, { signal, onProgress } = {}) => {
    const parts = reports.flatMap((tokens, report) =>
      partsOf(tokens.slice(0, MOST_WORDS), config, countPieces).map((part) => ({ ...part, report })),
    );
    const pieces = parts.map(({ tokens }) => read(tokens));
    const found = new Array<Found>(parts.length);
    let done = 0;
    for (const size of windows) {
      const all = pieces.flatMap((one, i) => (fits(one) === size ? [i] : []));
      for (let from = 0; from < all.length; from += BATCH) {
        signal?.throwIfAborted();
        const some = all.slice(from, from + BATCH);
        const results = batchOf(
          some.map((i) => pieces[i]!),
          size,
        );
        for (const [k, i] of some.entries()) found[i] = results[k]!;
        done += some.length;
        onProgress?.(Math.floor((reports.length * done) / parts.length), reports.length);
        await nextTurn();
      }
    }
    const ofReport = reports.map((): { from: number; found: Found; lostWords: number }[] => []);
    parts.forEach(({ report, from }, i) => {
      ofReport[report]!.push({ from, found: found[i]!, lostWords: pieces[i]!.lostWords });
    });
    return reports.map((tokens, i) => {
      const joined: Found = {
        entities: ofReport[i]!.flatMap(({ from, found: { entities } }) =>
          entities.map(([start, end, ...rest]): DygieEntity => [from + start, from + end, ...rest]),
        ),
        relations: ofReport[i]!.flatMap(({ from, found: { relations } }) =>
          relations.map(([a, b, c, d, ...rest]): DygieRelation => [from + a, from + b, from + c, from + d, ...rest]),
        ),
      };
      const lostWords = ofReport[i]!.reduce((sum, part) => sum + part.lostWords, Math.max(0, tokens.length - MOST_WORDS));
      return { ...reportFound(tokens.slice(0, MOST_WORDS), joined), found: joined, lostWords };
    });
  };
  return {
    config,
    annotateTokens,
    annotate: (texts, options) =>
      annotateTokens(
        texts.map((text) => radGraphTokens(text, config.tokenisation)),
        options,
      ),
    dispose: () => network.dispose(),
  };
}

/**
 * A report as parts that the network's window holds, of whole sentences where these fit; no relation leads from one part to another.
 *
 * @param piecesOf how many pieces a word has
 */
function partsOf(
  tokens: readonly string[],
  { max_words, max_pieces }: DygieConfig,
  piecesOf: (word: string) => number,
): { readonly from: number; readonly tokens: readonly string[] }[] {
  const before = [0]; // pieces of the words before each
  for (const token of tokens) before.push(before.at(-1)! + piecesOf(token));
  const fits = (from: number, to: number): boolean => to - from <= max_words && before[to]! - before[from]! <= max_pieces - MARKS;
  const parts: [from: number, to: number][] = [];
  for (const [from, to] of sentencesOf(tokens)) {
    const last = parts.at(-1);
    if (last && fits(last[0], to)) last[1] = to;
    else if (fits(from, to)) parts.push([from, to]);
    else for (let at = from; at < to; at = parts.at(-1)![1]) parts.push([at, lastThatFits(at, to)]);
  }
  function lastThatFits(from: number, to: number): number {
    let end = from + 1;
    while (end < to && fits(from, end + 1)) end++;
    return end;
  }
  return parts.map(([from, to]) => ({ from, tokens: tokens.slice(from, to) }));
}
