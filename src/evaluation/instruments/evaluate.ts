/** Which distances between sets of images can be trusted: those that see what a person sees, and nothing between halves of real images. */

import { foldIn, type Key, split } from '../../engine';
import type { Bench } from '../bench';
import type { Estimate } from '../estimate';
import type { FeatureSpace } from '../features';
import { featuresOf } from '../features';
import { generatedImages, realImages } from '../image-set';
import { twoSampleTest } from '../networks/two-sample';
import type { EvaluationResult } from '../result';
import { featureSpaces } from '../spaces/all';
import { type Degradation, degradationsOf, inEightBits } from './degradations';
import { drawnRows, featureMeasures, type GroupedFeatures, type Halves, halvesOf, overHalves, pixelMeasure, spreadRows } from './measures';
import type { Instrument, InstrumentModelRow, InstrumentRow } from './rows';
import { seenFeatures } from './seen-features';
import { instrumentFigures, instrumentTables } from './tables';
import { verdictOf } from './verdict';

export interface InstrumentsOptions {
  /** By default `featureSpaces(bench)`; the caller disposes its own. */
  readonly spaces?: readonly FeatureSpace[];
  /** Real images, of the test part; by default 1000, and 192 where it is quick. */
  readonly images?: number;
  /** By default `degradationsOf(bench.test)`; one's own may be added to them, or some left out. */
  readonly degradations?: readonly Degradation[];
  /** Updates of each network of the two-sample test; by default 400, and 120 where it is quick. */
  readonly networkSteps?: number;
}

export interface InstrumentsResult extends EvaluationResult {
  readonly rows: readonly InstrumentRow[];
  /** Names of instruments whose value rises with every degradation and is chance between halves of real images, where chance is known. */
  readonly passing: readonly string[];
  readonly models: readonly InstrumentModelRow[];
}

const SETTINGS = {
  quick: { images: 192, halves: 5, strengths: [0, 2, 3], networkStrengths: [0, 3], networkSteps: 120 },
  whole: { images: 1000, halves: 10, strengths: [0, 1, 2, 3], networkStrengths: [0, 1, 2, 3], networkSteps: 400 },
} as const;
type Plan = Omit<(typeof SETTINGS)['quick' | 'whole'], 'networkSteps'> & { readonly networkSteps: number };

/** Values of pixels that are held at a time. */
const MOST_PIXELS = 2 ** 26;

/** Real images and what is done with them. */
interface Setting {
  readonly bench: Bench;
  readonly plan: Plan;
  readonly pixels: Float32Array;
  readonly patients: readonly string[];
  readonly halves: readonly Halves[];
  readonly degradations: readonly Degradation[];
  readonly degrading: Key;
  readonly measuring: Key;
}

/** The images at strength `number` of a degradation. */
const degraded = ({ bench, pixels, degradations, degrading }: Setting, d: number, strength: number): Promise<Float32Array> =>
  degradations[d]!.apply(pixels, bench.size, strength, foldIn(degrading, d));

/**
 * Measures between halves of real images, of which the second is degraded step by step: in each feature space FID, KID, precision, recall, density, coverage and a
 * two-sample test, and on pixels a network of the two-sample test.
 *
 * @throws RangeError where there are fewer than 16 images
 */
export async function evaluateInstruments(bench: Bench, options: InstrumentsOptions = {}): Promise<InstrumentsResult> {
  const settings = SETTINGS[bench.quick ? 'quick' : 'whole'];
  const plan: Plan = { ...settings, networkSteps: options.networkSteps ?? settings.networkSteps };
  const most = Math.max(16, Math.floor(MOST_PIXELS / bench.size ** 2));
  const images = Math.min(options.images ?? plan.images, most, bench.test.length);
  const real = await realImages(bench, 'test', bench.test.length);
  const everyone = real.records.map(({ patient }) => patient);
  const chosen = spreadRows(everyone, images);
  const [dividing, degrading, measuring] = split(foldIn(bench.key, 0x1257), 3) as [Key, Key, Key];
  const patients = chosen.map((row) => everyone[row]!);
  const setting: Setting = {
    bench,
    plan,
    pixels: inEightBits(await real.pixels.read(chosen)),
    patients,
    halves: Array.from({ length: plan.halves }, (_, i) => halvesOf(patients, foldIn(dividing, i))),
    degradations: options.degradations ?? degradationsOf(bench.test, chosen),
    degrading,
    measuring,
  };
  const spaces = options.spaces ?? (await featureSpaces(bench));
  const rows: InstrumentRow[] = [];
  const models: InstrumentModelRow[] = [];
  try {
    for (const space of spaces) {
      const found = await ofSpace(setting, space);
      rows.push(...found.rows);
      models.push(...found.models);
    }
  } finally {
    if (!options.spaces) for (const space of spaces) space.dispose();
  }
  const found = await ofPixels(setting);
  rows.push(...found.rows);
  models.push(...found.models);
  const passing = passingOf(rows);
  const size = setting.halves[0]!.first.length;
  return {
    evaluation: 'instruments',
    title: 'Which distances see what a person sees',
    paper: 'not in the paper: its distances are taken as they are',
    rows,
    passing,
    models,
    tables: instrumentTables({ rows, passing, models, halves: setting.halves.length, size }),
    figures: await instrumentFigures(
      rows,
      setting.degradations,
      (d, strength, pixels) => setting.degradations[d]!.apply(pixels, bench.size, strength, foldIn(degrading, d)),
      setting.pixels,
      bench.size,
    ),
    definitions: {
      ...Object.fromEntries([...featureMeasures, pixelMeasure].map(({ name, definition }) => [name, definition])),
      ...Object.fromEntries(spaces.map(({ name, definition }) => [`space ${name}`, definition])),
      ...Object.fromEntries(setting.degradations.map(({ name, definition }) => [name, definition])),
      'real halves': `images of the test part in two halves of other patients, ${size} in each; degradations change the second (v1)`,
      rises:
        'at the strongest the value and that of real halves have intervals apart, and no step falls by more than both intervals allow (v1)',
      passes: 'rises with every degradation; a two-sample test is at chance and KID at 0 between halves of real images too (v1)',
    },
    notes: notesOf(setting, size),
  };
}

function notesOf({ bench, plan, patients, degradations }: Setting, size: number): string[] {
  const people = new Set(patients).size;
  const notes = [
    `Halves have ${size} images: with other numbers, FID, precision and recall are other values, and fainter degradations are seen.`,
  ];
  if (people < patients.length)
    notes.push(
      `${patients.length} images are of ${people} patients: images of one patient are alike, so that halves differ by who is in them, and KID and two-sample tests may lie above chance.`,
    );
  if (bench.quick)
    notes.push(
      `Quick: ${plan.strengths.length} of 4 strengths, ${plan.networkStrengths.length} for the network, which trains for ${plan.networkSteps} steps instead of ${SETTINGS.whole.networkSteps}.`,
    );
  const ribs = degradations.find(({ name }) => name === 'missing ribs');
  if (ribs && !('study' in bench.test)) notes.push(`Missing ribs: ${ribs.definition}.`);
  return notes;
}

async function ofSpace(setting: Setting, space: FeatureSpace): Promise<{ rows: InstrumentRow[]; models: InstrumentModelRow[] }> {
  const { bench, plan, pixels, patients, halves, degradations, measuring } = setting;
  const features = seenFeatures(bench, space);
  const real: GroupedFeatures = { features: await features('real images', pixels), groups: patients };
  const second = ({ second: rows }: Halves): readonly number[] => rows;
  const between = await overHalves(real, real, halves, second, measuring);
  const rows: InstrumentRow[] = [];
  for (const [d, degradation] of degradations.entries()) {
    const values = [between];
    for (const i of plan.strengths) {
      bench.signal?.throwIfAborted();
      const strength = degradation.strengths[i]!;
      const worse = await features(`${degradation.name} ${strength}`, await degraded(setting, d, strength));
      values.push(await overHalves(real, { features: worse, groups: patients }, halves, second, measuring));
    }
    for (const measure of featureMeasures)
      rows.push(
        rowOf(
          { name: `${measure.name}, ${space.name}`, measure, space: space.name },
          degradation,
          plan.strengths,
          values.map((each) => each[measure.name]!),
        ),
      );
  }
  const models: InstrumentModelRow[] = [];
  for (const [m, model] of bench.models.entries()) {
    const made = await featuresOf(bench, space, await generatedImages(bench, model));
    const groups = Array.from({ length: made.rows }, (_, i) => `image ${i}`);
    const chosen = drawnRows(made.rows, halves, foldIn(measuring, m));
    const values = await overHalves(real, { features: made, groups }, halves, (_, i) => chosen[i]!, measuring);
    for (const measure of featureMeasures) {
      const instrument = { name: `${measure.name}, ${space.name}`, measure, space: space.name };
      models.push({ model: model.name, instrument, real: between[measure.name]!, value: values[measure.name]! });
    }
  }
  return { rows, models };
}

async function ofPixels(setting: Setting): Promise<{ rows: InstrumentRow[]; models: InstrumentModelRow[] }> {
  const { bench, plan, pixels, patients, halves, degradations, measuring } = setting;
  const { size } = bench;
  const { first, second } = halves[0]!;
  const instrument: Instrument = { name: pixelMeasure.name, measure: pixelMeasure };
  const total = 1 + degradations.length * plan.networkStrengths.length + bench.models.length;
  let done = 0;
  const chosenImages = (from: Float32Array, rows: ArrayLike<number>): Float32Array => {
    const out = new Float32Array(rows.length * size * size);
    for (let i = 0; i < rows.length; i++) out.set(from.subarray(rows[i]! * size * size, (rows[i]! + 1) * size * size), i * size * size);
    return out;
  };
  const told = async (images: Float32Array, rows: readonly number[], groups: readonly string[]): Promise<Estimate> => {
    const used = first.slice(0, rows.length);
    const { accuracy } = await twoSampleTest(chosenImages(pixels, used), chosenImages(images, rows), size, {
      key: measuring,
      groups: [used.map((row) => patients[row]!), groups],
      steps: plan.networkSteps,
      ...(bench.signal && { signal: bench.signal }),
    });
    bench.progress('two-sample networks', ++done, total);
    return accuracy;
  };
  const own = second.map((row) => patients[row]!);
  const between = await told(pixels, second, own);
  const rows: InstrumentRow[] = [];
  for (const [d, degradation] of degradations.entries()) {
    const values = [between];
    for (const i of plan.networkStrengths) values.push(await told(await degraded(setting, d, degradation.strengths[i]!), second, own));
    rows.push(rowOf(instrument, degradation, plan.networkStrengths, values));
  }
  const models: InstrumentModelRow[] = [];
  for (const [m, model] of bench.models.entries()) {
    const { pixels: made } = await generatedImages(bench, model);
    const [chosen] = drawnRows(made.length, halves.slice(0, 1), foldIn(measuring, m)) as [number[]];
    const images = await made.read(chosen);
    const names = chosen.map((row) => `image ${row}`);
    const value = await told(
      images,
      chosen.map((_, i) => i),
      names,
    );
    models.push({ model: model.name, instrument, real: between, value });
  }
  return { rows, models };
}

function rowOf(instrument: Instrument, degradation: Degradation, chosen: readonly number[], values: readonly Estimate[]): InstrumentRow {
  const strengths = [0, ...chosen.map((i) => degradation.strengths[i]!)];
  return { instrument, degradation, strengths, values, ...verdictOf(strengths, values, instrument.measure.worse) };
}

/** What a measure is between sets that are alike, where that is a number that does not depend on how many images there are. */
const CHANCE: Readonly<Record<string, number>> = { KID: 0, 'two-sample test': 0.5, [pixelMeasure.name]: 0.5 };

function passingOf(rows: readonly InstrumentRow[]): string[] {
  return [...new Set(rows.map(({ instrument }) => instrument.name))].filter((name) => {
    const own = rows.filter(({ instrument }) => instrument.name === name);
    const { instrument, values } = own[0]!;
    const chance = CHANCE[instrument.measure.name];
    const alike = chance === undefined || (values[0]!.low <= chance && values[0]!.high >= chance);
    return alike && own.every(({ verdict }) => verdict === 'rises');
  });
}
