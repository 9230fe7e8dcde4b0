/** What RadGraph's paper found of its network, looked for in small ones that learn from the phantom's reports: several seeds, several rates of doubt. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dispose, key } from '../../engine';
import {
  type AnnotatedTwice,
  annotatorAgreement,
  fitRadGraph,
  goldToLearn,
  loadRadGraph,
  phantomGold,
  type RadGraphRecipe,
  type RadGraphReport,
  radGraphReader,
  relationsOfGold,
  startOfTraining,
} from '../../systems';
import { type Estimate, overSeeds, textOf } from '../estimate';
import { hashOf } from '../hash-of';
import type { Finding, ResultTable } from '../result';

export interface RadGraphFindingsOptions {
  readonly recipe: RadGraphRecipe;
  /** Each a training of its own; two at least for intervals. */
  readonly seeds: readonly number[];
  /** Of training sentences that come to be in doubt, rising; the paper's order is read at the first. */
  readonly doubts: readonly number[];
  /** Networks are kept here: what was interrupted goes on. */
  readonly out: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** F1 of one network on one set of reports, by name. */
type Scores = Readonly<Record<string, number>>;

export interface RadGraphFindings {
  readonly tables: readonly ResultTable[];
  readonly findings: readonly Finding[];
  readonly definitions: Readonly<Record<string, string>>;
}

/** Reports of patients whom no network learns from; doubt is frequent enough in all of them for its F1 to be measured. */
const SETS = {
  'the same grammar': { wording: 'grammar', style: 'section', typos: 0 },
  'held-out words': { wording: 'held-out', style: 'section', typos: 0.02 },
  'style prompt': { wording: 'grammar', style: 'prompt', typos: 0 },
} as const;
type SetName = keyof typeof SETS;
const FAMILIAR: SetName = 'the same grammar';
const TEST_DOUBT = 0.2;
const TEST_SEED = 22;
const CLASSES = ['ANAT-DP', 'OBS-DP', 'OBS-DA', 'OBS-U'] as const;

/** @throws the signal's reason where it was raised: networks that are trained stay */
export async function radGraphFindings(options: RadGraphFindingsOptions): Promise<RadGraphFindings> {
  const { recipe, seeds, doubts } = options;
  const sets = new Map<SetName, RadGraphReport[]>();
  for (const [name, how] of Object.entries(SETS)) {
    const gold = await phantomGold({ count: recipe.phantom.test, seed: TEST_SEED, split: 'test', doubt: TEST_DOUBT, ...how });
    sets.set(
      name as SetName,
      gold.map(({ annotations: [report] }) => report!),
    );
  }
  // By rate of doubt, then by seed.
  const all: Record<SetName, Scores>[][] = [];
  for (const doubt of doubts) {
    const ofRate: Record<SetName, Scores>[] = [];
    for (const seed of seeds) ofRate.push(await scoresOf(options, doubt, seed, sets));
    all.push(ofRate);
  }
  return {
    tables: tablesOf(all, options),
    findings: findingsOf(all, options),
    definitions: {
      F1: 'micro-F1; an entity by place and class, a relation by places and classes of its ends and its kind; "gold spans" are relations between entities that are given',
      'rate of doubt': `training sentences that come to say that a finding may be there; of reports that are measured on it is ${TEST_DOUBT} in any case`,
    },
  };
}

async function scoresOf(
  { recipe, out, signal, onProgress }: RadGraphFindingsOptions,
  doubt: number,
  seed: number,
  sets: ReadonlyMap<SetName, readonly RadGraphReport[]>,
): Promise<Record<SetName, Scores>> {
  const own = { ...recipe, phantom: { ...recipe.phantom, doubt } };
  const identity = JSON.stringify([own, seed]);
  const folder = join(out, 'networks', hashOf(identity).slice(0, 16));
  if (!existsSync(join(folder, 'config.json'))) {
    const reports = await goldToLearn(own);
    const { params, interrupted } = await fitRadGraph(own, await startOfTraining(own, reports), folder, {
      reports,
      key: key(seed),
      ...(signal && { signal }),
      onStep: ({ step, steps }) => onProgress?.(`training with doubt ${doubt} and seed ${seed}`, step, steps),
      checkpoints: { folder: join(folder, 'checkpoints'), identity, resume: 'unfinished', every: recipe.run.checkpoint_every },
    });
    dispose(params);
    if (interrupted) signal?.throwIfAborted();
  }
  const model = await loadRadGraph(folder);
  const reader = radGraphReader(model);
  try {
    const scores: [SetName, Scores][] = [];
    for (const [name, gold] of sets) {
      const found = await reader.annotateTokens(
        gold.map(({ text }) => text.split(' ')),
        { ...(signal && { signal }) },
      );
      const given = await relationsOfGold(model, gold, { ...(signal && { signal }) });
      const pairs = (reports: readonly RadGraphReport[]): AnnotatedTwice[] => reports.map((report, i) => [report, gold[i]!]);
      const { entities, entitiesByLabel, relationsWithLabels } = annotatorAgreement(pairs(found.map(({ report }) => report)));
      scores.push([
        name,
        {
          entities: entities.f1,
          relations: relationsWithLabels.f1,
          'relations on gold spans': annotatorAgreement(pairs(given)).relationsWithLabels.f1,
          ...Object.fromEntries(CLASSES.map((label) => [label, entitiesByLabel[label]?.f1 ?? 0])),
        },
      ]);
    }
    return Object.fromEntries(scores) as Record<SetName, Scores>;
  } finally {
    reader.dispose();
    dispose(model.params);
  }
}

const hundredths = (values: readonly number[]): Estimate => overSeeds(values.map((value) => 100 * value));

function tablesOf(all: readonly Record<SetName, Scores>[][], { seeds, doubts, recipe }: RadGraphFindingsOptions): ResultTable[] {
  const measures = ['entities', ...CLASSES, 'relations', 'relations on gold spans'];
  return [
    {
      name: 'radgraph-findings',
      title: `F1 of networks that learnt from ${recipe.phantom.train} sections of the phantom's reports, hundredths`,
      intervals: `95%, Student's t over ${seeds.length} seeds`,
      rows: doubts.flatMap((doubt, d) =>
        (Object.keys(SETS) as SetName[]).map((set) => ({
          'rate of doubt': doubt,
          'measured on': set,
          ...Object.fromEntries(measures.map((name) => [name, hundredths(all[d]!.map((run) => run[set][name]!))])),
        })),
      ),
    },
  ];
}

/** Above 0 with its whole interval: repeated. */
function verdictOf({ low, high }: Estimate): Finding['verdict'] {
  return low > 0 ? 'repeated' : high < 0 ? 'not repeated' : 'undecided';
}

function findingsOf(all: readonly Record<SetName, Scores>[][], { doubts }: RadGraphFindingsOptions): Finding[] {
  const first = all[0]!;
  const said = (estimate: Estimate): string => `${textOf(estimate, 1)} hundredths`;
  const over = (difference: (run: Record<SetName, Scores>) => number): Estimate => hundredths(first.map(difference));
  const below = over((run) => run['held-out words'].entities! - run['held-out words'].relations!);
  const rare = over((run) => Math.min(...CLASSES.slice(0, 3).map((label) => run[FAMILIAR][label]!)) - run[FAMILIAR]['OBS-U']!);
  const cost = (run: Record<SetName, Scores>, set: SetName, what: string): number => run[FAMILIAR][what]! - run[set][what]!;
  const shifts = (['held-out words', 'style prompt'] as const).map((set): Finding => {
    const more = over((run) => cost(run, set, 'relations') - cost(run, set, 'entities'));
    return {
      finding: `A shift of style (${set}) costs relations more than entities`,
      paper: 'MIMIC-CXR to CheXpert: relations .82 to .73, entities .94 to .91',
      here: `by ${said(more)}`,
      verdict: verdictOf(more),
    };
  });
  const moves = all.slice(1).map((runs, i): Finding => {
    const gain = hundredths(runs.map((run, s) => run[FAMILIAR]['OBS-U']! - first[s]![FAMILIAR]['OBS-U']!));
    return {
      finding: `Uncertain observations are found better where doubt is more frequent (${doubts[i + 1]} against ${doubts[0]})`,
      paper: 'not in the paper',
      here: `by ${said(gain)}`,
      verdict: verdictOf(gain),
    };
  });
  return [
    {
      finding: 'Relations are found less well than entities',
      paper: '.82 against .94 (MIMIC-CXR)',
      here: `by ${said(below)}`,
      verdict: verdictOf(below),
    },
    {
      finding: `Uncertain observations, which are rare, are found least well of all classes (rate of doubt ${doubts[0]})`,
      paper: 'OBS-U .70, the next lowest .92 (MIMIC-CXR)',
      here: `by ${said(rare)}`,
      verdict: verdictOf(rare),
    },
    ...moves,
    ...shifts,
  ];
}
