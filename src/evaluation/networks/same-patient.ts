/**
 * A network that tells whether two images show one patient: images of a patient are near to each other in its space, those of others far. As re-identification of
 * chest radiographs by Packhäuser et al. 2022 (arXiv:2103.08562), but with a contrastive loss over a batch of patients.
 */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, foldIn, type Key, randomInts, scope, split } from '../../engine';
import { overRows, permutation } from '../../engine/internal';
import type { Rows } from '../../files';
import { loadParameters, saveParameters } from '../../files/internal';
import { type LinearParams, linearLayer, type Spec } from '../../nn';
import { initialise, linearSpec, specShapes } from '../../nn/internal';
import { clipContrastiveLoss, train } from '../../training';
import type { Bench } from '../bench';
import type { FeatureSpace } from '../features';
import { realImages } from '../image-set';
import { keptNetwork } from '../kept-network';
import { rowsByName } from '../rows';
import { copyShifted, SHIFT, type TrunkParams, trunk, trunkOptimisation, trunkSpec, trunkWidth } from './trunk';

type Params = { trunk: TrunkParams; head: LinearParams };
type Batch = { first: tf.Tensor4D; second: tf.Tensor4D };

const VERSION = 1;
const WIDTH = 64;
/** Of a step, each with two images. */
const PATIENTS = 24;
/** The logarithm of 1/temperature: 1/0.1. */
const SHARPNESS = Math.log(10);
const STEPS = { quick: 300, whole: 1500 } as const;
/** Fewer patients with two images than these teach nothing. */
export const LEAST_PATIENTS = 20;

const spec = (size: number): Spec<Params> => ({ trunk: trunkSpec(size), head: linearSpec(trunkWidth(size), WIDTH) });
const vectors = (params: Params, images: tf.Tensor4D): tf.Tensor2D =>
  scope(() => linearLayer(params.head, trunk(params.trunk, images)) as tf.Tensor2D);

/** Rows of each patient who has two images or more. */
export const patientsOfSeveral = (patients: readonly string[]): number[][] =>
  [...rowsByName(patients).values()].filter((own) => own.length > 1);

/**
 * Trains it from random weights.
 *
 * @param several rows of each patient, two at least
 * @returns the caller disposes it
 */
async function trained(bench: Bench, images: Rows, several: readonly (readonly number[])[], steps: number, key: Key): Promise<Params> {
  const { size, signal } = bench;
  const area = size * size;
  const [initial, ordering] = split(key, 2) as [Key, Key];
  const count = Math.min(PATIENTS, several.length);
  const reach = Math.floor(size * SHIFT);
  const { params, interrupted } = await train<Params, Batch>({
    params: initialise<Params>(spec(size), initial),
    handOver: true,
    optimisation: trunkOptimisation(steps, 2 * PATIENTS),
    ...(signal && { signal }),
    batch: async (step) => {
      const [who, which, where] = split(foldIn(ordering, step), 3) as [Key, Key, Key];
      const chosen = permutation(who, several.length).slice(0, count);
      const draws = randomInts(which, 2 * count, 0, 2 ** 20);
      const pairs = Array.from(chosen, (patient, i) => {
        const own = several[patient]!;
        const one = draws[2 * i]! % own.length;
        return [own[one]!, own[(one + 1 + (draws[2 * i + 1]! % (own.length - 1))) % own.length]!] as const;
      });
      const pixels = await images.read(Int32Array.from(pairs.flat()));
      const shifts = randomInts(where, 4 * count, -reach, reach + 1);
      const [first, second] = [0, 1].map((side) => {
        const out = new Float32Array(count * area);
        for (let i = 0; i < count; i++) {
          const at = 2 * i + side;
          copyShifted(pixels, at, size, [shifts[2 * at]!, shifts[2 * at + 1]!], out, i);
        }
        return tf.tensor4d(out, [count, size, size, 1]);
      }) as [tf.Tensor4D, tf.Tensor4D];
      return { first, second };
    },
    loss: (weights, { first, second }) =>
      scope(() => clipContrastiveLoss(vectors(weights, first), vectors(weights, second), tf.scalar(SHARPNESS)).loss),
    onStep: ({ step }) => bench.progress('training the network that knows patients', step, steps),
  });
  if (interrupted) {
    dispose(params);
    signal?.throwIfAborted();
    throw new Error('same-patient network: interrupted, so nothing was kept');
  }
  return params;
}

/**
 * The space of that network, trained on the bench's training part and kept: vectors of length 1, whose distance is √(2 - 2 cosine). The caller disposes it.
 *
 * @throws RangeError where fewer than `LEAST_PATIENTS` patients have two images
 */
export async function samePatientSpace(bench: Bench): Promise<FeatureSpace> {
  const { size, train: data } = bench;
  const images = await realImages(bench, 'train', data.length);
  const several = patientsOfSeveral(images.records.map(({ patient }) => patient));
  if (several.length < LEAST_PATIENTS)
    throw new RangeError(
      `${several.length} patients of ${data.name}'s training part have two images or more: ${LEAST_PATIENTS} are needed to learn who is who`,
    );
  const steps = STEPS[bench.quick ? 'quick' : 'whole'];
  const { network: params, identity } = await keptNetwork<Params>({
    name: 'same-patient',
    source: { version: VERSION, images: images.pixels.identity, size, steps, seed: bench.seed },
    make: () => trained(bench, images.pixels, several, steps, foldIn(bench.key, 0x5a3e)),
    save: (folder, network) => saveParameters(folder, 'model', network),
    load: (folder) => loadParameters<Params>(folder, { file: 'model', expected: specShapes(spec(size)) }),
  });
  const network = compileNetwork((weights: Params, batch: tf.Tensor4D) => ({
    unit: scope(() => {
      const all = vectors(weights, batch);
      return tf.div(all, tf.sqrt(tf.sum(tf.square(all), 1, true)));
    }),
  }));
  return {
    name: 'same patient',
    definition: `a convolutional network of random weights, trained for ${steps} steps on ${several.length} patients of the training part who have two images or more to tell whose two images are, vectors of length 1 and width ${WIDTH} (v${VERSION})`,
    identity,
    width: WIDTH,
    async extract(pixels) {
      const run = (batch: tf.Tensor): { unit: tf.Tensor } => network(params, batch as tf.Tensor4D);
      return (await overRows(run, [{ values: pixels, shape: [size, size, 1] }], { unit: WIDTH }, { batch: 64 })).unit;
    },
    dispose() {
      network.dispose();
      dispose(params);
    },
  };
}
