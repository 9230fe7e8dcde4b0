/** Networks that tell whether a part of the chest is to be seen, such as its ribs: trained on the phantom, which can be drawn with it and without. */

import * as tf from '@tensorflow/tfjs-core';
import { type PhantomDataset, renderStudy, type Study } from '../../datasets';
import { DEVICES } from '../../datasets/internal';
import { compileNetwork, dispose, foldIn, type Key, key, randomInts, scope, split, uniformArray } from '../../engine';
import { nextTurn, normalArray, overRows } from '../../engine/internal';
import { loadParameters, saveParameters } from '../../files/internal';
import { type LinearParams, linearLayer, type Spec } from '../../nn';
import { initialise, linearSpec, specShapes } from '../../nn/internal';
import { train } from '../../training';
import type { Bench } from '../bench';
import { blurred } from '../instruments/spoil';
import { keptNetwork } from '../kept-network';
import { copyShifted, SHIFT, type TrunkParams, trunk, trunkOptimisation, trunkSpec, trunkWidth } from './trunk';

type Params = { trunk: TrunkParams; head: LinearParams };
type Batch = { images: tf.Tensor4D; there: tf.Tensor2D };

const VERSION = 1;
/** The instrument's own seed. */
const SEED = 1895;
/** Images of a step: half of them with the part, the other half the same chests without. */
const BATCH = 32;
/** Chests that it is trained on. */
const SETTINGS = { quick: { chests: 384, steps: 300 }, whole: { chests: 1536, steps: 800 } } as const;
/** How images are spoilt while it trains, so that it goes by the part and not by brightness or sharpness: deviations of blur over the width and of noise, contrast, brightness. */
const SPOILT = { blur: 0.012, noise: 0.03, contrast: 0.3, brightness: 0.15 } as const;
/** Fewer chests than these teach nothing. */
const LEAST = 16;
const EIGHT_BITS = 255;

/** What can be left out of a drawn chest. */
export interface DrawnPart {
  readonly name: string;
  /** Whether a study has it at all. */
  has(study: Study): boolean;
  /** The study's image without it, greys from 0 to 255. */
  without(study: Study, size: number): Uint8Array;
}

/** Tubes, lines and wires: thin, so that a blurred image does not show them; a pacemaker is seen by its can. */
const LINES: ReadonlySet<string> = new Set(DEVICES.filter((kind) => kind !== 'pacemaker'));

export const RIBS: DrawnPart = { name: 'ribs', has: () => true, without: (study, size) => renderStudy(study, size, { ribs: 0 }) };
export const TUBES: DrawnPart = {
  name: 'tubes and lines',
  has: ({ findings }) => findings.some(({ kind }) => LINES.has(kind)),
  without: (study, size) => renderStudy({ ...study, findings: study.findings.filter(({ kind }) => !LINES.has(kind)) }, size),
};

export interface PartReader {
  readonly definition: string;
  /**
   * @param pixels images one after another, of the bench's size, 0 to 1
   * @returns the probability that the part is there, one an image
   */
  read(pixels: Float32Array): Promise<Float32Array>;
  dispose(): void;
}

/** The phantom behind a dataset, where it is drawn. */
export const phantomOf = (dataset: object): PhantomDataset | undefined => ('study' in dataset ? (dataset as PhantomDataset) : undefined);

const spec = (size: number): Spec<Params> => ({ trunk: trunkSpec(size), head: linearSpec(trunkWidth(size), 1) });
const logits = (params: Params, images: tf.Tensor4D): tf.Tensor2D =>
  scope(() => linearLayer(params.head, trunk(params.trunk, images)) as tf.Tensor2D);

/**
 * The reader, trained on the bench's training part, which must be the phantom's, and kept; the caller disposes it.
 *
 * @returns undefined where fewer than 16 chests of the training part have it
 */
export async function partReader(bench: Bench, phantom: PhantomDataset, part: DrawnPart): Promise<PartReader | undefined> {
  const { size, signal } = bench;
  const { chests: most, steps } = SETTINGS[bench.quick ? 'quick' : 'whole'];
  const studies: Study[] = [];
  for (let i = 0; i < phantom.length && studies.length < most; i++) {
    const study = phantom.study(i);
    if (part.has(study)) studies.push(study);
  }
  const chests = studies.length;
  if (chests < LEAST) return undefined;
  const { name: data, fingerprint, population } = phantom;
  const { network: params } = await keptNetwork<Params>({
    name: 'part-reader',
    source: { version: VERSION, seed: SEED, part: part.name, data, fingerprint, population, size, chests, steps },
    make: () => trained(bench, part, studies, steps),
    save: (folder, network) => saveParameters(folder, 'model', network),
    load: (folder) => loadParameters<Params>(folder, { file: 'model', expected: specShapes(spec(size)) }),
  });
  const network = compileNetwork((weights: Params, images: tf.Tensor4D) => scope(() => ({ there: tf.sigmoid(logits(weights, images)) })));
  return {
    definition: `a convolutional network of random weights at ${size} pixels, trained for ${steps} steps on ${chests} chests of the training part, each drawn with ${part.name} and without, with changes of place, brightness, contrast, blur and noise; seen where its probability is above 0.5 (v${VERSION})`,
    async read(pixels) {
      const run = (images: tf.Tensor): { there: tf.Tensor } => network(params, images as tf.Tensor4D);
      const columns = [{ values: pixels, shape: [size, size, 1] }];
      return (await overRows(run, columns, { there: 1 }, { batch: 64, ...(signal && { signal }) })).there;
    },
    dispose() {
      network.dispose();
      dispose(params);
    },
  };
}

/** Trains it; the caller disposes the parameters. */
async function trained(bench: Bench, part: DrawnPart, studies: readonly Study[], steps: number): Promise<Params> {
  const { size, signal } = bench;
  const area = size * size;
  const chests = studies.length;
  // In 8 bits: of 256 pixels a side as many floats would be a gigabyte.
  const drawn = [new Uint8Array(chests * area), new Uint8Array(chests * area)] as const;
  for (let i = 0; i < chests; i++) {
    const study = studies[i]!;
    drawn[0].set(part.without(study, size), i * area);
    drawn[1].set(renderStudy(study, size), i * area);
    if (i % 4 === 3) await nextTurn();
    signal?.throwIfAborted();
    bench.progress(`chests with ${part.name} and without`, i + 1, chests);
  }
  const [initial, ordering, speckling] = split(key(SEED), 3) as [Key, Key, Key];
  const grain = normalArray(speckling, 4 * area);
  const half = BATCH / 2;
  const { params, interrupted } = await train<Params, Batch>({
    params: initialise<Params>(spec(size), initial),
    handOver: true,
    optimisation: trunkOptimisation(steps, BATCH),
    ...(signal && { signal }),
    batch: (step) => {
      const images = new Float32Array(BATCH * area);
      const chosen = randomInts(foldIn(ordering, 2 * step), half, 0, chests);
      for (let at = 0; at < BATCH; at++)
        addSpoilt(drawn[at < half ? 0 : 1], chosen[at % half]!, size, foldIn(foldIn(ordering, 2 * step + 1), at), grain, images, at);
      return {
        images: tf.tensor4d(images, [BATCH, size, size, 1]),
        there: tf.tensor2d(
          Float32Array.from({ length: BATCH }, (_, at) => (at < half ? 0 : 1)),
          [BATCH, 1],
        ),
      };
    },
    loss: (weights, { images, there }) =>
      scope(() => {
        const z = logits(weights, images);
        return tf.mean(tf.add(tf.sub(tf.relu(z), tf.mul(z, there)), tf.log1p(tf.exp(tf.neg(tf.abs(z)))))) as tf.Scalar;
      }),
    onStep: ({ step }) => bench.progress(`training the network that sees ${part.name}`, step, steps),
  });
  if (interrupted) {
    dispose(params);
    signal?.throwIfAborted();
    throw new Error('part reader: interrupted, so nothing was kept');
  }
  return params;
}

/** One image as the training sees it, put into `out` at `at`; `grain` holds normal noise of four images, of which a piece is taken. */
function addSpoilt(drawn: Uint8Array, row: number, size: number, from: Key, grain: Float32Array, out: Float32Array, at: number): void {
  const area = size * size;
  const [how, moving] = split(from, 2) as [Key, Key];
  const [blur, noise, contrast, brightness, start] = Array.from(uniformArray(how, 5)) as [number, number, number, number, number];
  const reach = Math.floor(size * SHIFT);
  const [dx, dy] = Array.from(randomInts(moving, 2, -reach, reach + 1)) as [number, number];
  const grey = new Float32Array(area);
  for (let i = 0; i < area; i++) grey[i] = drawn[row * area + i]! / EIGHT_BITS;
  const moved = new Float32Array(area);
  copyShifted(grey, 0, size, [dx, dy], moved, 0);
  const deviation = SPOILT.blur * (2 * blur - 1); // half of them stay sharp
  const seen = deviation > 0 ? blurred(moved, size, deviation) : moved;
  const gain = 1 + SPOILT.contrast * (2 * contrast - 1);
  const offset = 0.5 * (1 - gain) + SPOILT.brightness * (2 * brightness - 1);
  const first = Math.floor(start * (grain.length - area));
  for (let i = 0; i < area; i++)
    out[at * area + i] = Math.min(1, Math.max(0, gain * seen[i]! + offset + SPOILT.noise * noise * grain[first + i]!));
}
