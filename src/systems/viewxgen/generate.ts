/** Reports from views, and views from a report and other views. */

import * as tf from '@tensorflow/tfjs-core';
import { type Processor, processScores } from '../../decoders';
import { drawnToken } from '../../decoders/internal';
import { compileNetwork, dispose, foldIn, type Key, scope, type Tree, uniformArray } from '../../engine';
import { nextTurn } from '../../engine/internal';
import { decodeCodes, type VqParams } from '../../vq';
import { textPart } from './data/tokens';
import type { ViewxgenModel } from './network/files';
import { continueSequence, emptyState, nextTokenLogits, type SequenceState } from './network/forward';
import type { ViewxgenParams } from './network/params';
import { arrangePart, type ImagePart, type SequencePart } from './sequence/arrange';
import { imageMarks } from './sequence/tokens';
import type { ChestView } from './sequence/views';

/** How tokens are drawn: of the likeliest that together have `top_p`, then at a temperature, in that order, as published. */
export interface Sampling {
  /** Above 0 to 1. */
  readonly top_p: number;
  /** Above 0; below 1 likelier tokens are drawn more often yet. */
  readonly temperature: number;
}

/** The published ones. */
export const VIEWXGEN_SAMPLING: Sampling = { top_p: 0.9, temperature: 0.7 };

/** What is known of a study. */
export interface KnownParts {
  readonly report?: string;
  /** Views as codes, in the order in which the network sees them. */
  readonly images: readonly ImagePart[];
}

export interface WriteOptions {
  /** The published ones where left out. */
  readonly sampling?: Partial<Sampling>;
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** Of tokens of all studies at once. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Makes what a study lacks. The caller disposes it; the model stays the caller's. */
export interface ViewxgenWriter {
  /** A report of each study, from its views; the studies have the same number of them. */
  reports(studies: readonly KnownParts[], options: WriteOptions): Promise<string[]>;
  /**
   * A view of each study, whether or not it has it, from its report and its other views: its codes, row by row.
   *
   * @throws RangeError where a study has as many images already as there is room for beside another one
   */
  views(studies: readonly KnownParts[], view: ChestView, options: WriteOptions): Promise<Int32Array[]>;
  dispose(): void;
}

type Pass = { logits: tf.Tensor2D; state: SequenceState };

/**
 * Text and other views come first, padded as in training, then what is made. The release starts every generated image with the mark of the study's last view,
 * whatever view was asked for; here it is that of the view asked for. Its end is put at its place, as there, and in between only codes are drawn.
 */
export function viewxgenWriter({ config, params, tokenizer }: ViewxgenModel): ViewxgenWriter {
  const { text_vocabulary: T, text_length, codes } = config;
  const pass = compileNetwork(
    (weights: Tree, { state, ids, positions }: { state: SequenceState; ids: tf.Tensor2D; positions: tf.Tensor2D }): Pass =>
      scope(() => {
        const own = weights as ViewxgenParams;
        const { states, state: after } = continueSequence(config, own, state, { ids, positions });
        const [B, n, dim] = states.shape;
        const last = tf.slice(states, [0, n - 1, 0], [B, 1, dim]);
        const at = tf.slice(positions, [0, n - 1], [B, 1]);
        const logits = nextTokenLogits(config, own, last, at);
        return { logits: tf.reshape(logits, [B, logits.shape[2]]), state: after };
      }),
  );

  /** Tokens after those of a state, which is disposed. */
  const advance = (state: SequenceState, ids: readonly ArrayLike<number>[], positions: readonly ArrayLike<number>[]): Pass => {
    const tensor = (rows: readonly ArrayLike<number>[]): tf.Tensor2D =>
      tf.tensor2d(Int32Array.from(rows.flatMap((row) => Array.from(row))), [rows.length, rows[0]!.length], 'int32');
    const inputs = { state, ids: tensor(ids), positions: tensor(positions) };
    const out = pass(params as Tree, inputs);
    dispose(inputs as Tree);
    return out;
  };

  /** What is known goes in, part by part; parts that studies have differ in their views at most. */
  const read = (studies: readonly SequencePart[][]): SequenceState => {
    let state = emptyState(config, studies.length);
    for (let at = 0; at < studies[0]!.length; at++) {
      const parts = studies.map((parts) => arrangePart(config, parts[at]!));
      const out = advance(state, parts.map(({ ids }) => ids), parts.map(({ positions }) => positions)); // biome-ignore format: two columns
      dispose(out.logits);
      state = out.state;
    }
    return state;
  };

  /** Tokens drawn one by one after a first one that is given; `steps` of them, of those from `from` on alone. */
  const draw = async (
    known: readonly SequencePart[][],
    first: { readonly ids: readonly number[]; readonly positions: readonly number[] },
    { steps, from, count, end }: { readonly steps: number; readonly from: number; readonly count: number; readonly end?: number },
    { sampling, key, signal, onProgress }: WriteOptions,
  ): Promise<number[][]> => {
    const { top_p, temperature } = { ...VIEWXGEN_SAMPLING, ...sampling };
    if (!(top_p > 0 && top_p <= 1 && temperature > 0))
      throw new RangeError(`viewxgen: expected top_p above 0 to 1 and a temperature above 0, got ${top_p} and ${temperature}`);
    const processors: Processor[] = [
      { kind: 'top_p', value: top_p },
      { kind: 'temperature', value: temperature },
    ];
    const rows = known.map((): number[] => []);
    const hasEnded = known.map(() => false);
    let state = read(known);
    let tokens = [...first.ids];
    try {
      for (let step = 0; step < steps; step++) {
        signal?.throwIfAborted();
        const out = advance(state, tokens.map((id) => [id]), first.positions.map((position) => [position + step])); // biome-ignore format: two columns
        state = out.state;
        const logits = out.logits.dataSync();
        dispose(out.logits);
        const width = logits.length / rows.length;
        const drawn = uniformArray(foldIn(key, step), rows.length);
        tokens = rows.map((row, i) => {
          if (hasEnded[i]) return end!;
          const scores = logits.subarray(i * width + from, i * width + from + count);
          const token = from + drawnToken(processScores(scores, row, processors), drawn[i]!);
          if (token === end) hasEnded[i] = true;
          else row.push(token);
          return token;
        });
        onProgress?.(step + 1, steps);
        if (hasEnded.every(Boolean)) break;
        await nextTurn();
      }
      return rows;
    } finally {
      dispose(state as Tree);
    }
  };

  const expectAlike = (studies: readonly KnownParts[]): void => {
    const counts = new Set(studies.map(({ images, report }) => `${images.length} ${report !== undefined}`));
    if (counts.size > 1)
      throw new RangeError('viewxgen: expected studies with the same number of views; make those with others in a call of their own');
  };

  return {
    async reports(studies, options) {
      if (studies.length === 0) return [];
      expectAlike(studies);
      const [start, end] = [tokenizer.startId!, tokenizer.endId!];
      const rows = await draw(
        studies.map(({ images }) => [...images]),
        { ids: studies.map(() => start), positions: studies.map(() => 0) },
        { steps: text_length - 1, from: 0, count: T, end },
        options,
      );
      return rows.map((row) => tokenizer.text(row));
    },
    async views(studies, view, options) {
      if (studies.length === 0) return [];
      expectAlike(studies);
      if (studies[0]!.images.length >= config.images)
        throw new RangeError(
          `viewxgen: expected at most ${config.images - 1} views beside the one that is made, got ${studies[0]!.images.length}`,
        );
      const { grid } = config;
      const made = arrangePart(config, { kind: 'image', view, codes: new Int32Array(grid ** 2) });
      const rows = await draw(
        studies.map(({ report = '', images }) => [textPart(tokenizer, report).part, ...images]),
        { ids: studies.map(() => T + imageMarks(config, view).start), positions: studies.map(() => made.positions[0]!) },
        { steps: grid ** 2, from: T, count: codes },
        options,
      );
      return rows.map((row) => Int32Array.from(row, (id) => id - T));
    },
    dispose: () => pass.dispose(),
  };
}

/** Images of codes, grid² each: grey, size × size a row, 0 to 1. */
export async function imagesOfCodes(
  { config, vq }: Pick<ViewxgenModel, 'config' | 'vq'>,
  codes: readonly ArrayLike<number>[],
): Promise<Float32Array> {
  const { grid } = config;
  const parts: Float32Array[] = [];
  for (let at = 0; at < codes.length; at += AT_ONCE) {
    const some = codes.slice(at, at + AT_ONCE);
    const pixels = scope(() => {
      const rows = tf.tensor3d(Int32Array.from(some.flatMap((row) => Array.from(row))), [some.length, grid, grid], 'int32');
      return tf.clipByValue(tf.mul(tf.add(decodeCodes(vq.config, vq.params as VqParams, rows), 1), 0.5), 0, 1);
    });
    parts.push((await pixels.data()) as Float32Array);
    dispose(pixels);
  }
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Images that the decoder makes at a time. */
const AT_ONCE = 32;
