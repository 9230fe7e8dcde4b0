/** A network put to use: it annotates reports. */

import type * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose } from '../../../engine';
import { nextTurn } from '../../../engine/internal';
import type { Tokenizer } from '../../../tokenizers';
import type { RadGraphReport } from '../annotation';
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
  /** Words behind what the network reads. */
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
   * Annotates texts: split into tokens as the network was trained, and cut to what it reads.
   *
   * @returns in their order; of a text without tokens an empty report
   * @throws the signal's reason where it was raised
   */
  annotate(texts: readonly string[], options?: AnnotateOptions): Promise<Annotated[]>;
  /** The same of reports whose tokens are there. */
  annotateTokens(reports: readonly (readonly string[])[], options?: AnnotateOptions): Promise<Annotated[]>;
  dispose(): void;
}

/** Reports at a time. */
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
  const network = compileNetwork((weights: DygieParams, reports: ReportTensors): DygieScores => dygie(config, weights, reports));
  const windows = windowsOf(config);
  const fits = ({ pieces, length }: ReportPieces): ReportSize =>
    windows.find((size) => pieces.length <= size.words && length <= size.pieces)!;

  const batchOf = (reports: readonly ReportPieces[], size: ReportSize): Annotated[] => {
    const empty: ReportPieces = { words: [], pieces: [], length: 2, lostWords: 0 };
    const filled = Array.from({ length: BATCH }, (_, i) => reports[i] ?? empty); // one shape, whatever is left
    const inputs = reportTensors(config, tokenizer, filled, size);
    const scores = network(params, inputs);
    try {
      const [entities, top, relations] = (['entities', 'top', 'relations'] as const).map((name) => scores[name].dataSync() as Float32Array);
      const row = (values: Float32Array, tensor: tf.Tensor, i: number): Float32Array => {
        const length = tensor.size / BATCH;
        return values.subarray(i * length, (i + 1) * length);
      };
      return reports.map(({ words, lostWords }, i) => {
        const rows = {
          entities: row(entities!, scores.entities, i),
          top: row(top!, scores.top, i),
          relations: row(relations!, scores.relations, i),
          window: size.words,
        };
        const found = foundIn(config, rows, words.length);
        return { ...reportFound(words, found), found, lostWords };
      });
    } finally {
      dispose(inputs, scores);
    }
  };

  const annotateTokens: RadGraphReader['annotateTokens'] = async (reports, { signal, onProgress } = {}) => {
    const pieces = reports.map(read);
    const groups = new Map<ReportSize, number[]>(windows.map((size) => [size, []]));
    pieces.forEach((one, i) => {
      groups.get(fits(one))!.push(i);
    });
    const out = new Array<Annotated>(reports.length);
    let done = 0;
    for (const [size, all] of groups)
      for (let from = 0; from < all.length; from += BATCH) {
        signal?.throwIfAborted();
        const some = all.slice(from, from + BATCH);
        const annotated = batchOf(
          some.map((i) => pieces[i]!),
          size,
        );
        some.forEach((i, k) => {
          out[i] = annotated[k]!;
        });
        done += some.length;
        onProgress?.(done, reports.length);
        await nextTurn();
      }
    return out;
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
