/** Images against Pillow, scikit-image and Transformers: decoding, resizing, cropping, contrast, CLIP's preprocessing. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, parse } from 'node:path';
import { type Image, readImage, readSafetensors } from '../files';
import { readJson } from '../files/internal';
import {
  autocontrast,
  centreCrop,
  channelPlanes,
  clahe,
  equaliseHistogram,
  equaliseLevels,
  type GreyImage,
  gamma,
  luma,
  percentile,
  type ResizeFilter,
  rescalePercentiles,
  resize,
  sizeForSide,
} from '../imaging';
import { type Checker, type CheckOptions, type Measure, Unsupported } from './checker';
import { findData } from './find-data';
import { has } from './fixture';
import { listCases } from './list';
import { absolute, exact, failed, unsupported } from './measure';

interface Source {
  readonly file: string;
  readonly decoded_by_pillow: { readonly sha256_of_raw_bytes: string; readonly mean: number; readonly std: number };
}

interface Case {
  readonly file: string;
  readonly source: string;
  /** What was done, in words. */
  readonly op: string;
}

interface Images {
  readonly sources: readonly Source[];
  readonly cases: readonly Case[];
  readonly clip_preprocess?: Readonly<Record<string, unknown>> & {
    readonly file: string;
    readonly shortest_edge: number;
    readonly crop: number;
    readonly resample: ResizeFilter;
    readonly mean: readonly number[];
    readonly std: readonly number[];
  };
  readonly equalisation?: Readonly<Record<string, unknown>> & { readonly file: string };
}

/** Grey levels: with the same decoded pixels, and with those of another JPEG decoder. */
const [LEVEL, LEVELS_OF_DECODERS] = [1, 2];
/** Grey levels, of a whole image's mean and standard deviation with another JPEG decoder. */
const MEAN_OF_DECODERS = 0.05;
/** One grey level of 255 over the smallest standard deviation that CLIP's channels have. */
const NORMALISED = 0.02;
const CONTRAST = 1e-5;
const CLAHE = 1e-3;

type Bytes = Image & { readonly data: Uint8Array };

async function readBytes(path: string): Promise<Bytes> {
  const image = await readImage(path);
  if (!(image.data instanceof Uint8Array)) throw new Unsupported(`${path} has 16 bits a value`);
  return image as Bytes;
}

const planesOf = (image: Bytes, grey: boolean): GreyImage<Uint8Array>[] =>
  grey && image.channels === 3 ? [{ width: image.width, height: image.height, data: luma(image.data) }] : channelPlanes(image);

function interleave(planes: readonly GreyImage<Uint8Array>[]): Uint8Array {
  const n = planes.length;
  return Uint8Array.from({ length: planes[0]!.data.length * n }, (_, i) => planes[i % n]!.data[Math.floor(i / n)]!);
}

/** The steps that a case's words name. */
function transform(op: string, plane: GreyImage<Uint8Array>): GreyImage<Uint8Array> {
  const filter = /\b(nearest|box|bilinear|bicubic|lanczos)\b/.exec(op)?.[1] as ResizeFilter | undefined;
  const shorter = /shorter side to (\d+)/.exec(op);
  const size = /(?:resize|enlarge|reduce) to (\d+)x(\d+)/.exec(op) ?? /width (\d+), height (\d+)/.exec(op);
  const crop = /centre crop (\d+)x(\d+)/.exec(op);
  if (!filter || !(shorter || size)) throw new Unsupported(`the operation "${op}"`);
  const to = shorter ? sizeForSide(plane, Number(shorter[1]), 'shortest') : { width: Number(size![1]), height: Number(size![2]) };
  const resized = resize(plane, { ...to, filter });
  return crop ? centreCrop(resized, { width: Number(crop[1]), height: Number(crop[2]) }, 'even') : resized;
}

async function* checkCase(folder: string, spec: Images, one: Case, options: CheckOptions): AsyncGenerator<Measure> {
  const own = join(folder, one.source);
  const image = await readBytes(existsSync(own) ? own : findData(one.source, options));
  const source = spec.sources.find(({ file }) => file === one.source);
  const decoded = source?.decoded_by_pillow;
  const same = !decoded || createHash('sha256').update(image.data).digest('hex') === decoded.sha256_of_raw_bytes;
  if (decoded) {
    const { mean, std } = statistics(image.data);
    yield absolute(
      same ? 'the source as Pillow decodes it' : 'mean and deviation of the source, by another decoder',
      [mean, std],
      [decoded.mean, decoded.std],
      same ? 1e-6 : MEAN_OF_DECODERS,
    );
  }
  const got = interleave(planesOf(image, /\bgrey\b/i.test(one.op)).map((plane) => transform(one.op, plane)));
  const want = await readBytes(join(folder, one.file));
  yield absolute('pixels (grey levels)', got, want.data, same ? LEVEL : LEVELS_OF_DECODERS);
}

function statistics(values: Uint8Array): { mean: number; std: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, std: Math.sqrt(squares / values.length) };
}

async function* checkClip(folder: string, spec: Images, options: CheckOptions): AsyncGenerator<Measure> {
  const clip = spec.clip_preprocess!;
  const expected = await readSafetensors(join(folder, clip.file));
  for (const [name, want] of Object.entries(expected)) {
    const named = String(clip[name]);
    // A source is named with or without its folder.
    const file = spec.sources.find((source) => source.file === named || source.file.endsWith(`/${named}`))?.file ?? named;
    const planes = planesOf(await readBytes(findData(file, options)), false);
    const colours = planes.length === 3 ? planes : [planes[0]!, planes[0]!, planes[0]!];
    const got = colours.flatMap((plane, c) => {
      const small = resize(plane, { ...sizeForSide(plane, clip.shortest_edge, 'shortest'), filter: clip.resample });
      const { data } = centreCrop(small, { width: clip.crop, height: clip.crop }, 'down');
      return Array.from(data, (value) => (value / 255 - clip.mean[c]!) / clip.std[c]!);
    });
    yield absolute(name, got, want.data, NORMALISED);
  }
}

/** A contrast operation by the name of its result, with what it is allowed to differ by. */
function contrast(name: string, image: GreyImage<Uint8Array>): { got: Float32Array | Uint8Array; tolerance: number } | undefined {
  const { data } = image;
  const numbers = (pattern: RegExp): number[] | undefined => pattern.exec(name)?.slice(1).map(Number);
  const tile = numbers(/^clahe_kernel(\d+)_clip([\d.]+)$/);
  const percents = numbers(/^rescale_percentile_([\d.]+)_([\d.]+)$/);
  const power = numbers(/^gamma_([\d.]+)$/);
  const cutoff = numbers(/^pillow_autocontrast_cutoff([\d.]+)$/);
  if (/^equalize_hist_\d+$/.test(name)) return { got: equaliseHistogram(data), tolerance: CONTRAST };
  if (name === 'clahe_default') return { got: clahe(image), tolerance: CLAHE };
  if (tile) return { got: clahe(image, { tile: [tile[0]!, tile[0]!], clipLimit: tile[1]! }), tolerance: CLAHE };
  if (percents) return { got: rescalePercentiles(data, percents[0]!, percents[1]!), tolerance: CONTRAST };
  if (power) return { got: gamma(data, power[0]!), tolerance: CONTRAST };
  if (name === 'pillow_equalize') return { got: equaliseLevels(data), tolerance: 0 };
  if (cutoff) return { got: autocontrast(data, cutoff[0]!), tolerance: 0 };
  return undefined;
}

async function* checkContrast(folder: string, spec: Images): AsyncGenerator<Measure> {
  const { file, ...notes } = spec.equalisation!;
  const tensors = await readSafetensors(join(folder, file));
  for (const [key, want] of Object.entries(tensors)) {
    const [, image, operation] = /^(.+?)\.(.+)$/.exec(key) ?? [];
    const input = tensors[`${image}.input`];
    if (operation === 'input') continue;
    if (!input || !operation) {
      yield failed(key, 'its input is missing');
      continue;
    }
    const [height, width] = input.shape as [number, number];
    const result = contrast(operation, { width, height, data: Uint8Array.from(input.data) });
    yield result ? absolute(key, result.got, want.data, result.tolerance) : unsupported(key);
  }
  for (const [image, values] of Object.entries(notes))
    for (const [key, want] of Object.entries(typeof values === 'object' && values !== null ? values : {})) {
      const percents = /^percentile_([\d.]+)_([\d.]+)$/.exec(key)?.slice(1).map(Number);
      const input = tensors[`${image}.input`];
      if (!percents || !input) continue;
      const data = Uint8Array.from(input.data);
      yield exact(
        `${image}.${key}`,
        percents.map((percent) => percentile(data, percent)),
        want as number[],
      );
    }
}

export const imagesChecker: Checker = {
  component: 'images',

  cases: async (folder) => (await listCases(folder)).filter((name) => !name.includes('/')),

  async *check(folder, name, options) {
    if (!has(folder, 'images.json')) throw new Unsupported('images without images.json');
    const spec = await readJson<Images>(join(folder, 'images.json'));
    const one = spec.cases.find(({ file }) => parse(file).name === name);
    if (one) yield* checkCase(folder, spec, one, options);
    else if (spec.clip_preprocess && parse(spec.clip_preprocess.file).name === name) yield* checkClip(folder, spec, options);
    else if (spec.equalisation && parse(spec.equalisation.file).name === name) yield* checkContrast(folder, spec);
    else throw new Unsupported('a case that images.json does not describe');
  },
};
