/** Classifiers of images that evaluations train: sizes and steps by what is at hand, divided by patient, trained once and kept. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ImageRecord } from '../../datasets';
import { dispose, key } from '../../engine';
import { permutation } from '../../engine/internal';
import { type Rows, readObject, writeJson } from '../../files';
import { keepRows, loadParameters, readRange, saveParameters } from '../../files/internal';
import type { Optimisation } from '../../training';
import { type Head, type HeadsNetwork, headProbabilities, headsReader, headsWidth, trainHeads } from '../../training/internal';
import { type ConvNet, type ConvNetParams, xrvCentreCrop, xrvResize } from '../../vision';
import { convNetShapes } from '../../vision/internal';
import type { Bench } from '../bench';
import type { ImageSet } from '../image-set';
import { type KeptNetwork, keptNetwork } from '../kept-network';
import { rowsByName } from '../rows';

/** Changes with the way classifiers are trained. */
const VERSION = 1;
/** The instruments' own seed: they do not change with a run's. */
export const SEED = 1895;
/** From this size on, and without `quick`, the paper's network is used. */
const FULL_SCALE = 128;
/** TorchXRayVision's images: at most this side, in the middle, and then the networks' own. */
export const XRV_SIZES = { side: 512, network: 224 } as const;
/** Images in a file. */
const PER_FILE = 64;
/** Share of the patients by whose images training ends early. */
const VALIDATION = 0.15;
/** Validations without a better AUROC that end a training (section 7 of the paper). */
export const PATIENCE = 15;

/** How classifiers are made here. */
export interface ClassifierScale {
  /** The network for so many logits. */
  net(classes: number): ConvNet;
  /** In a sentence. */
  readonly definition: string;
  /** Pixels a side that the network sees. */
  readonly size: number;
  readonly optimisation: Optimisation;
  /** Steps between validations. */
  readonly every: number;
}

/** AdamW and rates of section 7; the paper has no more of them than peak and decay. */
export const optimisationOf = (steps: number, batch: number, period: number, peak: number = 1e-3): Optimisation => ({
  steps,
  batch_size: batch,
  learning_rate: { peak, schedule: 'cyclic', warmup: 0, floor: 0.1, period },
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  weight_decay: 1e-5,
  clip_norm: 5,
});

/** Whether the paper's own network is trained. */
export const isFullScale = ({ size, quick }: Pick<Bench, 'size' | 'quick'>): boolean => size >= FULL_SCALE && !quick;

/** DenseNet-121 where images are large; where they are small or it is quick, a residual network of eight convolutions. */
export function classifierScale(bench: Pick<Bench, 'size' | 'quick'>): ClassifierScale {
  const { size, quick } = bench;
  if (isFullScale(bench))
    return {
      net: (classes) => ({ kind: 'densenet', config: { in_channels: 1, num_classes: classes } }),
      definition: 'DenseNet-121 from random weights',
      size: Math.min(size, XRV_SIZES.network),
      optimisation: optimisationOf(20_000, 32, 2000),
      every: 250,
    };
  return {
    net: (classes) => ({
      kind: 'resnet',
      config: { block: 'BasicBlock', layers: [1, 1, 1, 1], planes: [16, 32, 64, 128], stem: 16, num_classes: classes, in_channels: 1 },
    }),
    definition: 'ResNet of four basic blocks (16 to 128 channels) from random weights',
    size: Math.min(size, 64),
    optimisation: quick ? optimisationOf(240, 32, 80, 2e-3) : optimisationOf(2400, 32, 400, 2e-3),
    every: quick ? 40 : 60,
  };
}

/** Rows divided by patient. */
export interface Divided {
  readonly training: Int32Array;
  readonly validation: Int32Array;
}

/** Some patients' rows for validation (patients who share an image together), in an order of the instruments' own; at least one patient on each side. @throws RangeError where there is one alone */
export function divideByPatient(records: readonly Pick<ImageRecord, 'patient' | 'group'>[], share: number = VALIDATION): Divided {
  const byPatient = rowsByName(records.map(({ patient, group = patient }) => group));
  if (byPatient.size < 2)
    throw new RangeError(`classifier: the training part has images of ${byPatient.size} patient; expected two or more`);
  const names = [...byPatient.keys()].sort();
  const order = permutation(key(SEED), names.length);
  const wanted = Math.min(names.length - 1, Math.max(1, Math.round(share * names.length)));
  const rows = (from: number, to: number): Int32Array =>
    Int32Array.from(Array.from(order.subarray(from, to)).flatMap((n) => byPatient.get(names[n]!)!)).sort();
  return { validation: rows(0, wanted), training: rows(wanted, names.length) };
}

/** A set's images at the network's size by TorchXRayVision's way, made once and kept: at most 512 a side, the square in the middle, then the network's. */
export async function pixelsAt(
  bench: Bench,
  { name, pixels, size }: Pick<ImageSet, 'name' | 'pixels' | 'size'>,
  to: number,
): Promise<Rows> {
  if (size === to) return pixels;
  const { columns } = await keepRows(
    join(bench.out, 'resized'),
    {
      source: { resized: 1, images: pixels.identity, size, to },
      length: pixels.length,
      columns: { pixels: { shape: [to, to], dtype: 'U16' } },
      rowsPerFile: PER_FILE,
      async make(from, end) {
        const values = await readRange(pixels, from, end);
        const out = new Float32Array((end - from) * to * to);
        for (let i = 0; i < end - from; i++)
          out.set(resized(values.subarray(i * size * size, (i + 1) * size * size), size, to), i * to * to);
        bench.progress(`${name} at ${to} pixels`, end, pixels.length);
        return { values: { pixels: out } };
      },
    },
    { ...(bench.signal && { signal: bench.signal }), onNote: bench.note },
  );
  return columns.pixels;
}

function resized(data: Float32Array, size: number, to: number): Float32Array {
  const image = { width: size, height: size, data };
  const smaller = size > XRV_SIZES.side ? xrvResize(image, XRV_SIZES.side) : image;
  return xrvResize(xrvCentreCrop(smaller), to).data;
}

export interface HeadsToKeep {
  /** A folder of the cache. */
  readonly name: string;
  /** All that the weights follow from. */
  readonly source: Readonly<Record<string, unknown>>;
  /** How the network is trained, but from where: the instruments' own seed. */
  readonly training: Omit<Parameters<typeof trainHeads>[0], 'key' | 'patience'>;
}

/** A network that answers questions of images, out of the cache or trained now. @throws the signal's reason where it was raised: nothing is kept then */
export function keptHeads({ name, source, training }: HeadsToKeep): Promise<KeptNetwork<HeadsNetwork>> {
  return keptNetwork<HeadsNetwork>({
    name,
    source,
    async make() {
      const { interrupted, ...network } = await trainHeads({ ...training, patience: PATIENCE, key: key(SEED) });
      if (!interrupted) return network;
      dispose(network.params);
      throw training.signal?.reason ?? new Error(`${name}: interrupted, so nothing was kept`);
    },
    save: (folder, network) => saveHeads(folder, network, training.size),
    load: loadHeads,
  });
}

export interface ClassifierToKeep {
  /** A folder of the cache. */
  readonly name: string;
  readonly heads: readonly Head[];
  /** Images that it is trained on. */
  readonly images: ImageSet;
  /** [images, heads], row-major: an answer's number, or -1 where it is not known. */
  readonly answers: Int8Array;
}

/** A classifier trained on these images, out of the cache or now. @throws the signal's reason where it was raised: nothing is kept then */
export async function keptClassifierOf(
  bench: Bench,
  { name, heads, images, answers }: ClassifierToKeep,
): Promise<KeptNetwork<HeadsNetwork>> {
  const scale = classifierScale(bench);
  const net = scale.net(headsWidth(heads));
  const pixels = await pixelsAt(bench, images, scale.size);
  const { size, optimisation, every } = scale;
  const parts = divideByPatient(images.records);
  const hash = createHash('sha256').update(answers).update(parts.validation).digest('hex');
  return keptHeads({
    name,
    source: {
      version: VERSION,
      seed: SEED,
      net,
      heads,
      size,
      optimisation,
      every,
      patience: PATIENCE,
      images: pixels.identity,
      answers: hash,
    },
    training: {
      net,
      heads,
      pixels,
      size,
      answers,
      ...parts,
      optimisation,
      every,
      ...(bench.signal && { signal: bench.signal }),
      onStep: ({ step, steps }) => bench.progress(`training: ${name}`, step, steps),
    },
  });
}

/** Writes what `loadHeads` reads; the config and weights are also what `loadDenseNet` or `loadResNet` read. */
export async function saveHeads(folder: string, { net, params, heads }: HeadsNetwork, size: number): Promise<void> {
  await saveParameters(folder, 'model', params);
  await writeJson(join(folder, 'config.json'), net.config);
  await writeJson(join(folder, HEADS), { kind: net.kind, size, heads });
}

/** The file that says what a classifier's outputs are. */
export const HEADS = 'heads.json';

/** What it holds. */
interface Named {
  readonly kind: ConvNet['kind'];
  /** Pixels a side of the images that it was trained on. */
  readonly size: number;
  readonly heads: readonly Head[];
}

/** Pixels a side that a saved classifier sees. */
export async function savedSize(folder: string): Promise<number> {
  return (await readObject<Named>(join(folder, HEADS))).size;
}

/** @throws FileError where a file is missing or not this network's; the caller disposes the parameters */
export async function loadHeads(folder: string): Promise<HeadsNetwork> {
  const { kind, heads } = await readObject<Named>(join(folder, HEADS));
  const config = await readObject<ConvNet['config']>(join(folder, 'config.json'));
  const net = { kind, config } as ConvNet;
  return { net, heads, params: await loadParameters<ConvNetParams>(folder, { file: 'model', expected: convNetShapes(net) }) };
}

/** What a classifier says of a set: for each head probabilities [n, answers], row-major. @throws the signal's reason; RangeError where one is not finite */
export async function readAnswers(bench: Bench, network: HeadsNetwork, size: number, set: ImageSet): Promise<Float32Array[]> {
  const reader = headsReader(network, size);
  try {
    const { logits } = await reader.read(network.params, await pixelsAt(bench, set, size), undefined, bench.signal);
    const bad = logits.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new RangeError(`classifier: image ${Math.floor(bad / headsWidth(network.heads))} of ${set.name} gives ${logits[bad]}`);
    return headProbabilities(network.heads, logits);
  } finally {
    reader.dispose();
  }
}
