/** A study as one sequence of tokens: a text and images, in any order, and padding for the images that it lacks. */

import * as tf from '@tensorflow/tfjs-core';
import type { ViewxgenConfig } from '../network/config';
import { firstPosition, imageLength, imageMarks, sequenceLength } from './tokens';
import { type ChestView, kindOf } from './views';

/** A text as tokens, padded to `text_length`. */
export interface TextPart {
  readonly kind: 'text';
  readonly ids: ArrayLike<number>;
  /** Of them, how many are no padding. */
  readonly length: number;
}

/** An image as codes, row by row, grid² of them. */
export interface ImagePart {
  readonly kind: 'image';
  readonly view: ChestView;
  readonly codes: ArrayLike<number>;
}

export type SequencePart = TextPart | ImagePart;

/** Tokens of a part, or of a sequence, with their positions, and at each the token that follows within its part: -1 where none does, or only padding. */
export interface Arranged {
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  readonly targets: Int32Array;
}

const NONE = -1;

/** @throws RangeError where a text has not `text_length` tokens, an image not grid² codes, or a number is outside of its vocabulary */
export function arrangePart(config: ViewxgenConfig, part: SequencePart): Arranged {
  return part.kind === 'text' ? arrangeText(config, part) : arrangeImage(config, part);
}

function arrangeText({ text_length, text_vocabulary, grid }: ViewxgenConfig, { ids, length }: TextPart): Arranged {
  if (ids.length !== text_length) throw new RangeError(`viewxgen: a text: expected ${text_length} tokens with padding, got ${ids.length}`);
  expectInside('a text', ids, text_vocabulary);
  const first = firstPosition({ grid, text_length }, 'text');
  return {
    ids: Int32Array.from(ids),
    positions: Int32Array.from({ length: text_length }, (_, i) => first + i),
    targets: Int32Array.from({ length: text_length }, (_, i) => (i + 1 < length ? ids[i + 1]! : NONE)),
  };
}

function arrangeImage(config: ViewxgenConfig, { view, codes }: ImagePart): Arranged {
  const { grid, text_vocabulary: offset } = config;
  if (codes.length !== grid ** 2)
    throw new RangeError(
      `viewxgen: an image: expected ${grid ** 2} codes (${grid} × ${grid}), got ${codes.length}; its codes are those of another autoencoder`,
    );
  expectInside('an image', codes, config.codes);
  const { start, end } = imageMarks(config, view);
  const ids = Int32Array.from([start, ...Array.from(codes), end], (id) => offset + id);
  const first = firstPosition(config, kindOf(view));
  return {
    ids,
    positions: ids.map((_, i) => first + i),
    targets: ids.map((_, i) => ids[i + 1] ?? NONE),
  };
}

function missingImage(config: ViewxgenConfig): Arranged {
  const length = imageLength(config);
  const first = firstPosition(config, 'padding');
  return {
    ids: new Int32Array(length).fill(config.text_vocabulary + config.codes),
    positions: Int32Array.from({ length }, (_, i) => first + i),
    targets: new Int32Array(length).fill(NONE),
  };
}

function expectInside(what: string, ids: ArrayLike<number>, count: number): void {
  for (let i = 0; i < ids.length; i++)
    if (!(ids[i]! >= 0 && ids[i]! < count))
      throw new RangeError(`viewxgen: ${what}: expected numbers from 0 to ${count - 1}, got ${ids[i]} at ${i}`);
}

/**
 * A study's parts in the order given, and behind them padding for the images that it lacks: nothing that counts sees it.
 *
 * @throws RangeError where there is more than one text, or more images than the network has room for
 */
export function arrange(config: ViewxgenConfig, parts: readonly SequencePart[]): Arranged {
  const images = parts.filter(({ kind }) => kind === 'image').length;
  if (parts.length !== images + 1) throw new RangeError(`viewxgen: a study: expected one text, got ${parts.length - images}`);
  if (images > config.images) throw new RangeError(`viewxgen: a study: expected at most ${config.images} images, got ${images}`);
  const all = [
    ...parts.map((part) => arrangePart(config, part)),
    ...Array.from({ length: config.images - images }, () => missingImage(config)),
  ];
  const joined = (of: keyof Arranged): Int32Array => Int32Array.from(all.flatMap((part) => Array.from(part[of])));
  return { ids: joined('ids'), positions: joined('positions'), targets: joined('targets') };
}

/** Sequences of one length as tensors, int32 [B, L] each. */
export type SequenceTensors = { ids: tf.Tensor2D; positions: tf.Tensor2D };

/** Where tokens of one kind are among all positions of a batch, [B · L], and what follows there, -1 where nothing does: as many in every batch of a size. */
export type KindOfTokens = { rows: tf.Tensor1D; targets: tf.Tensor1D };

/** With what follows. */
export type SequenceBatch = SequenceTensors & { texts: KindOfTokens; images: KindOfTokens };

/** Arranged studies as a batch; the caller disposes it. */
export function sequenceBatch(config: ViewxgenConfig, studies: readonly Arranged[]): SequenceBatch {
  const all = (of: keyof Arranged): Int32Array => Int32Array.from(studies.flatMap((study) => Array.from(study[of])));
  const [ids, positions, targets] = [all('ids'), all('positions'), all('targets')];
  const shape: [number, number] = [studies.length, sequenceLength(config)];
  const kind = (isIt: (position: number) => boolean): KindOfTokens => {
    const rows = Int32Array.from(positions.keys()).filter((row) => isIt(positions[row]!));
    return { rows: tf.tensor1d(rows, 'int32'), targets: tf.tensor1d(Int32Array.from(rows, (row) => targets[row]!), 'int32') }; // biome-ignore format: one line
  };
  return {
    ids: tf.tensor2d(ids, shape, 'int32'),
    positions: tf.tensor2d(positions, shape, 'int32'),
    texts: kind((position) => position < config.text_length),
    images: kind((position) => position >= config.text_length),
  };
}
