/** What fine-tuning distils into the text encoder (RoentGen, arXiv:2211.12737, section 8, table 6): probes before, during and after, layer by layer. */

import { worldSplit } from '../../datasets';
import { textsOf } from '../../datasets/internal';
import { foldIn, type Key } from '../../engine';
import { loadRecipe } from '../../experiments';
import { disposeModel } from '../../pipelines';
import { cka, type Representation } from '../../probes';
import type { Tokenizer } from '../../tokenizers';
import { adaptationSnapshots, snapshotSteps } from '../adaptation';
import { type Bench, type EvaluatedModel, openEvaluated } from '../bench';
import { bootstrapError, bootstrapMean, type Estimate } from '../estimate';
import { chosenRows } from '../rows';
import { layersOf, sideBySide } from './layers';
import { type Column, f1Change, f1Of, f1OfAlways, measurable, type Probed, type ProbeSplit, probe, probeSplits } from './probe';
import type { AlignmentRow, ChangeRow, DistillationResult, MovementRow, ProbeRow, Seen } from './rows';
import { showDistillation } from './shown';
import { type ProbeTexts, probeTexts } from './texts';
import { wordsOf } from './words';

export interface DistillationOptions {
  /** Ways of adapting the first model, by their recipes; default `joint`. */
  readonly recipes?: readonly string[];
  /** Steps of each training, and between looks at it; by default the recipe's own and 50, 60 and 20 where it is to be quick. */
  readonly steps?: number;
  readonly every?: number;
  /** Compares the bench's models, the first with each of the others, and trains none. */
  readonly models?: boolean;
  /** Texts that probes learn from and are tested on, at most; default 1500, 600 where it is to be quick. */
  readonly texts?: number;
  /** Divisions of the patients, each with probes of its own; at least 3, the default. */
  readonly seeds?: number;
}

/** Children of the bench's key. */
const SPLITS = 1601;
const BOOTSTRAP = 1602;

const LEAST = 4;
const GENERAL_TEXTS = 200;
/** Texts of CKA, whose time grows with their square. */
const CKA_TEXTS = 200;

/**
 * Probes the text encoder of the bench's first model, before, during and after adaptation by recipes; or of all its models.
 *
 * @throws RangeError where there are too few texts, or too few with and without any finding; as `adaptationSnapshots`; the signal's reason where it was raised
 */
export async function evaluateDistillation(bench: Bench, options: DistillationOptions = {}): Promise<DistillationResult> {
  const { texts: count = bench.quick ? 600 : 1500, seeds = 3 } = options;
  if (!Number.isSafeInteger(seeds) || seeds < 3) throw new RangeError(`distillation: seeds: expected a whole number from 3, got ${seeds}`);
  const models = await modelsOf(bench, options);
  const tokenizers = await tokenizersOf(models);
  const corpus = probeTexts(bench, tokenizers, count);
  const splits = probeSplits(corpus.patients, seeds, foldIn(bench.key, SPLITS));
  const { findings, columns, notes } = measured(corpus, splits);
  const general = textsOf(worldSplit({ train: 1, test: GENERAL_TEXTS }).test);
  const seen: Seen[] = [];
  for (const [i, { model, line, step }] of models.entries()) {
    bench.signal?.throwIfAborted();
    bench.progress('text encoders', i, models.length);
    const loaded = await openEvaluated(model);
    try {
      const layers = await layersOf(loaded, corpus.texts, bench.signal);
      const probed = layers.map((layer) => columns.map((column): Probed => ({ column, said: probe(sideBySide(layer), column, splits) })));
      seen.push({
        model: model.name,
        line,
        ...(step !== undefined && { step }),
        layers,
        general: await layersOf(loaded, general, bench.signal),
        probed,
      });
    } finally {
      disposeModel(loaded);
    }
  }
  bench.progress('text encoders', models.length, models.length);
  const key = foldIn(bench.key, BOOTSTRAP);
  const draws = bench.quick ? 200 : 1000;
  const words = columns.map((column): Probed => ({ column, said: probe(wordsOf(tokenizers[0]!, corpus.texts), column, splits) }));
  const rows = {
    probes: seen.flatMap((one) => probeRows(one, findings, key, draws)),
    alignment: seen.slice(1).flatMap((one) => alignmentRows(seen[0]!, one, key)),
    movement: seen.slice(1).flatMap((one) => movementRows(seen[0]!, one, key, draws)),
    changes: changeRows(seen, findings, key, draws),
    references: findings.map((finding, f) => ({
      finding,
      words: f1Of([words[f]!], key, draws).texts,
      always: f1OfAlways(columns[f]!, splits),
    })),
  };
  return showDistillation(bench, seen, rows, { corpus, notes, seeds, draws, test: splits[0]!.test.length });
}

interface Look {
  readonly model: EvaluatedModel;
  readonly line: string;
  readonly step?: number;
}

async function modelsOf(bench: Bench, { recipes = ['joint'], models = false, ...options }: DistillationOptions): Promise<Look[]> {
  if (models) {
    if (bench.models.length < 2)
      throw new RangeError('distillation: models: expected a model before and one after, got one; name both, or let recipes adapt it');
    return bench.models.map((model) => ({ model, line: model.name }));
  }
  if (recipes.length === 0) throw new RangeError('distillation: recipes: expected one at least');
  const looks: Look[] = [];
  for (const recipe of await Promise.all(recipes.map(loadRecipe))) {
    const snapshots = await adaptationSnapshots(bench, recipe, snapshotSteps(bench, recipe, options));
    for (const model of snapshots)
      if (model.step > 0 || looks.length === 0) looks.push({ model, line: model.step === 0 ? model.name : recipe.name, step: model.step });
  }
  return looks;
}

/** The distinct tokenizers of the models: those on the way of a training have the base's. */
async function tokenizersOf(models: readonly Look[]): Promise<Tokenizer[]> {
  const folders = [...new Set(models.map(({ model }) => model.folder))];
  const tokenizers: Tokenizer[] = [];
  for (const folder of folders) {
    const loaded = await openEvaluated(models.find(({ model }) => model.folder === folder)!.model);
    if (loaded.tokenizer) tokenizers.push(loaded.tokenizer);
    disposeModel(loaded);
  }
  return tokenizers;
}

/** Findings with enough texts of both kinds in every half. */
function measured(
  { findings, labels, notes }: ProbeTexts,
  splits: readonly ProbeSplit[],
): { readonly findings: readonly string[]; readonly columns: readonly Column[]; readonly notes: readonly string[] } {
  const all = findings.map((finding) => ({ finding, column: Uint8Array.from(labels, (own) => (own[finding] === 1 ? 1 : 0)) }));
  const kept = all.filter(({ column }) => measurable(column, splits, LEAST));
  if (kept.length === 0)
    throw new RangeError(
      `distillation: none of ${findings.length} findings is named by ${LEAST} texts and not named by ${LEAST} others in both halves of ${labels.length} texts; give more data`,
    );
  const left = all.filter((one) => !kept.includes(one)).map(({ finding }) => finding);
  const said = left.length > 0 ? [`Left out, as too few texts name them or do not: ${left.join(', ')}.`] : [];
  return { findings: kept.map(({ finding }) => finding), columns: kept.map(({ column }) => column), notes: [...notes, ...said] };
}

const named = ({ model, step }: Seen): Pick<ProbeRow, 'model' | 'step'> => ({ model, ...(step !== undefined && { step }) });

/** Every finding at the last layer, and their mean at each. */
function probeRows(seen: Seen, findings: readonly string[], key: Key, draws: number): ProbeRow[] {
  return seen.layers.flatMap(({ name: layer }, l) => {
    const probed = seen.probed[l]!;
    const single = l === seen.layers.length - 1 ? findings.map((finding, f) => ({ finding, of: [probed[f]!] })) : [];
    return [...single, { finding: 'macro', of: probed }].map(({ finding, of }) => {
      const { texts: f1, seeds: f1Seeds } = f1Of(of, key, draws);
      return { ...named(seen), layer, finding, f1, f1Seeds };
    });
  });
}

function alignmentRows(before: Seen, now: Seen, key: Key): AlignmentRow[] {
  const depth = Math.min(before.layers.length, now.layers.length);
  return Array.from({ length: depth }, (_, l) => {
    const [a, b] = [sideBySide(before.layers[l]!), sideBySide(now.layers[l]!)];
    const alike = (rows: Int32Array): number => cka(chosenRows(a, rows), chosenRows(b, rows));
    const estimate = bootstrapError(Math.min(a.rows, CKA_TEXTS), alike, { key, draws: 30 });
    return { ...named(now), layer: now.layers[l]!.name, cka: { ...estimate, high: Math.min(1, estimate.high) } };
  });
}

/** Nothing where contexts are not equally wide, as of other encoders. */
function movementRows(before: Seen, now: Seen, key: Key, draws: number): MovementRow[] {
  return (['radiographs', 'general'] as const).flatMap((prompts) => {
    const context = (seen: Seen): Representation => (prompts === 'general' ? seen.general : seen.layers).at(-1)!.mean;
    const [a, b] = [context(before), context(now)];
    if (a.columns !== b.columns) return [];
    const moved = Array.from({ length: a.rows }, (_, i) => movement(a, b, i));
    const over = (of: (one: (typeof moved)[number]) => number): Estimate => bootstrapMean(moved.map(of), { key, draws });
    return [{ ...named(now), prompts, cosine: over((one) => one.cosine), relative: over((one) => one.relative) }];
  });
}

function movement(a: Representation, b: Representation, row: number): { readonly cosine: number; readonly relative: number } {
  let [aa, bb, ab] = [0, 0, 0];
  for (let k = 0; k < a.columns; k++) {
    const [x, y] = [a.values[row * a.columns + k]!, b.values[row * a.columns + k]!];
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return { cosine: ab / Math.sqrt(aa * bb), relative: Math.sqrt(Math.max(0, aa + bb - 2 * ab) / aa) };
}

function changeRows(seen: readonly Seen[], findings: readonly string[], key: Key, draws: number): ChangeRow[] {
  const [before, ...others] = seen as [Seen, ...Seen[]];
  const lines = [...new Set(others.map(({ line }) => line))];
  return lines.flatMap((line) => {
    const looks = others.filter((one) => one.line === line);
    const [first, last] = [looks[0]!, looks.at(-1)!];
    return [...findings, 'macro'].map((finding, f): ChangeRow => {
      const of = (one: Seen): readonly Probed[] => (f < findings.length ? [one.probed.at(-1)![f]!] : one.probed.at(-1)!);
      const change = (from: Seen, to: Seen): Estimate => f1Change(of(from), of(to), key, draws);
      const way = looks.length > 1 ? { first: change(before, first), since: change(first, last) } : {};
      return { model: line, finding, ...way, all: change(before, last) };
    });
  });
}
