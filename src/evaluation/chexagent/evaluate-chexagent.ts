/** CheXagent's tables at laptop scale: its bench, what each stage adds, and whom it serves worse. */

import { join } from 'node:path';
import { dispose, foldIn, type Key, type Tree } from '../../engine';
import { chosenRows } from '../../files/internal';
import {
  type AskedModel,
  askedCheXagent,
  type CheXagentRecipe,
  type CheXagentStage,
  type CheXbench,
  cheXagentParts,
  cheXbenchOf,
  fitCheXagent,
  type InstructSource,
  instructSource,
  makeCheXbench,
  type Radiographs,
} from '../../systems';
import { answerBench, type BenchAnswers } from '../chexbench/answers';
import { BENCH_DEFINITIONS, evaluateBenchAnswers, ONE_TRAINING, overlapsOf, rightAnswers } from '../chexbench/evaluate-chexbench';
import { bootstrapMean, type Estimate, shareOf, textOf } from '../estimate';
import { hashOf } from '../hash-of';
import { pairedDifference } from '../paired';
import { type Finding, isAbove0, type ResultTable, type SystemEvaluation } from '../result';
import type { OutcomeByGroup } from '../subgroups/gaps';
import {
  rareGroupFindings,
  rareTrainingSets,
  saidOf,
  sensitivityByGroup,
  sensitivityDefinition,
  sensitivityTable,
} from '../subgroups/rare-group';
import { estimateOf, meanOf, type SummedMeasure } from '../summed';
import { type ComparedText, inHundredths, labelF1Name, labelMeasures, PAPER_F1 } from '../text-measures';
import { marginsOf } from './presence';

export const cheXagentEvaluationParts = ['bench', 'stages', 'groups'] as const;
export type CheXagentEvaluationPart = (typeof cheXagentEvaluationParts)[number];

export interface CheXagentEvaluationOptions {
  readonly recipe: CheXagentRecipe;
  readonly data: { readonly train: Radiographs; readonly test: Radiographs; readonly texts: readonly string[] };
  /** Many patients, whose sensitivity is told by group; those of the test where left out. */
  readonly groups?: Radiographs;
  readonly key: Key;
  /** Networks are kept here: what was interrupted goes on. */
  readonly out: string;
  /** The bench takes one network, stages three more, groups two. Default all. */
  readonly parts?: readonly CheXagentEvaluationPart[];
  /** Items of each task of the bench. Default 100. */
  readonly perTask?: number;
  /** Of bootstrap and test; default 1000. */
  readonly draws?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** A training: stages that are left out, and records that are learnt from. */
interface Variant {
  readonly name: string;
  readonly without: CheXagentRecipe['without'];
  readonly records: readonly number[];
}

const FULL = 'all stages';
const STAGES = ['language', 'vision', 'bridge'] as const;

/** Records of the training by which a threshold is set. */
const OF_TRAINING = 600;

const chosenOf = ({ records, pixels }: Radiographs, rows: readonly number[]): Pick<Radiographs, 'records' | 'pixels'> => ({
  records: rows.map((i) => records[i]!),
  pixels: chosenRows(pixels, rows),
});

const wordsOf: Readonly<Record<(typeof STAGES)[number], string>> = {
  language: 'A language model that has read reports',
  vision: 'An encoder that has seen images beside their reports',
  bridge: 'A bridge that has learnt by itself',
};

/**
 * Trains and measures what the parts need; networks are kept in the folder.
 *
 * @throws the signal's reason where it was raised: networks that are trained stay
 */
export async function evaluateCheXagent(options: CheXagentEvaluationOptions): Promise<SystemEvaluation> {
  const { parts = cheXagentEvaluationParts, data } = options;
  const learnt = instructSource(data.train); // one for all networks: where findings are, which takes long, is worked out once
  const parted: SystemEvaluation[] = [];
  if (parts.includes('bench') || parts.includes('stages')) parted.push(await benchAndStages(options, learnt, parts));
  if (parts.includes('groups')) parted.push(await groupsPart(options, learnt));
  return {
    tables: parted.flatMap(({ tables }) => tables),
    findings: parted.flatMap(({ findings }) => findings),
    definitions: Object.assign({}, ...parted.map(({ definitions }) => definitions)),
    notes: [...new Set(parted.flatMap(({ notes }) => notes ?? []))],
  };
}

const allOf = ({ records }: Radiographs): number[] => Array.from(records.keys());

async function benchAndStages(
  options: CheXagentEvaluationOptions,
  learnt: InstructSource,
  parts: readonly CheXagentEvaluationPart[],
): Promise<SystemEvaluation> {
  const { data, key, perTask = 100, draws = 1000, signal, onProgress } = options;
  const source = instructSource(data.test);
  const { items } = await makeCheXbench(source, { key: foldIn(key, 20), perTask, ...(signal && { signal }) });
  const bench = cheXbenchOf(items, '');
  const asked = {
    bench,
    rows: new Map(source.records.map((_, i) => [source.path(i), i])),
    pixels: data.test.pixels,
    maxTokens: options.recipe.max_tokens,
    key: foldIn(key, 21),
    draws,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  };
  const records = allOf(data.train);
  const answers = new Map<string, BenchAnswers>();
  let full: SystemEvaluation | undefined;
  await withModel(options, learnt, { name: FULL, without: [], records }, async (model) => {
    const seeing = await answerBench(model, false, asked);
    answers.set(FULL, seeing);
    if (parts.includes('bench')) full = evaluateBenchAnswers(model, seeing, await answerBench(model, true, asked), asked);
  });
  if (!parts.includes('stages')) return full!;
  for (const stage of STAGES)
    await withModel(options, learnt, { name: `without ${stage}`, without: [stage], records }, async (model) => {
      answers.set(`without ${stage}`, await answerBench(model, false, asked));
    });
  const by = { key: foldIn(key, 24), draws };
  return {
    tables: [...(full?.tables ?? []), stagesTable(bench, answers, by)],
    findings: [...(full?.findings ?? []), ...stageFindings(bench, answers, by)],
    definitions: BENCH_DEFINITIONS,
    notes: full?.notes ?? [ONE_TRAINING],
  };
}

async function groupsPart(options: CheXagentEvaluationOptions, learnt: InstructSource): Promise<SystemEvaluation> {
  const { data, groups = data.test, key, draws = 1000, signal, onProgress } = options;
  const known = chosenOf(data.train, allOf(data.train).slice(0, OF_TRAINING));
  const byGroup = new Map<string, OutcomeByGroup>();
  for (const [name, records] of Object.entries(rareTrainingSets(data.train.records, foldIn(key, 23))))
    await withModel(options, learnt, { name, without: [], records }, async (model) => {
      const watched = (what: string) => ({
        ...(signal && { signal }),
        onProgress: (done: number, total: number) => onProgress?.(`${what}: ${name}`, done, total),
      });
      const said = saidOf(await marginsOf(model, groups, watched('questions of presence')), {
        scores: await marginsOf(model, known, watched('of training records')),
        records: known.records,
      });
      byGroup.set(name, await sensitivityByGroup(said, groups.records, { key: foldIn(key, 22), draws, ...(signal && { signal }) }));
    });
  return {
    tables: [sensitivityTable('chexagent-groups', 'Sensitivity of questions of presence by group, hundredths', byGroup, draws)],
    findings: rareGroupFindings(byGroup),
    definitions: {
      sensitivity: `${sensitivityDefinition('likelihood of "yes" against "no"', `${OF_TRAINING} training records`)}; v2`,
    },
    notes: [ONE_TRAINING],
  };
}

async function withModel(
  { recipe: given, data, key, out, signal, onProgress }: CheXagentEvaluationOptions,
  source: InstructSource,
  { name, without, records }: Variant,
  use: (model: AskedModel) => Promise<void>,
): Promise<void> {
  const recipe = { ...given, without };
  const { train, texts } = data;
  const identityOf = (left: CheXagentRecipe['without']): string =>
    hashOf(JSON.stringify([{ ...given, without: left }, key, train.pixels.identity, texts, records])).slice(0, 16);
  // A stage does not follow from later ones that are left out: it is trained once.
  const identities: Readonly<Record<CheXagentStage, string>> = {
    language: identityOf([]),
    vision: identityOf(without.filter((stage) => stage === 'language')),
    bridge: identityOf(without),
    instructions: identityOf(without),
  };
  const partOf = (stage: CheXagentStage): string => cheXagentParts(join(out, 'networks', identities[stage]))[stage];
  const parts = {
    language: partOf('language'),
    vision: partOf('vision'),
    bridge: partOf('bridge'),
    instructions: partOf('instructions'),
  };
  const { config, preprocessing, params, tokenizer } = await fitCheXagent(
    {
      recipe,
      source,
      pixels: train.pixels,
      records,
      texts,
      key,
      ...(signal && { signal }),
      watch: (stage: CheXagentStage) => ({
        onStep: ({ step, steps }) => onProgress?.(`${name}: training of ${stage}`, step, steps),
        checkpoints: {
          folder: `${parts[stage]}-checkpoints`,
          identity: identities[stage],
          resume: 'always',
          every: recipe.run.checkpoint_every,
        },
      }),
      onProgress: (what, done, total) => onProgress?.(`${name}: ${what}`, done, total),
    },
    parts,
  );
  try {
    await use({ network: askedCheXagent(config, preprocessing, tokenizer), params: params as Tree, tokenizer });
  } finally {
    dispose(params as Tree);
  }
}

type Bootstrap = { readonly key: Key; readonly draws: number };

/** Of texts that are written of images. */
const findingsMeasure = ({ texts }: CheXbench, { texts: written }: BenchAnswers): SummedMeasure => {
  const pairs = texts.flatMap(({ task, reference }, i): ComparedText[] =>
    task === 'Findings Generation' ? [{ candidate: written[i]!, reference }] : [],
  );
  return labelMeasures(pairs).find(({ name }) => name === labelF1Name({ ...PAPER_F1, classes: 14 }))!;
};

function stagesTable(bench: CheXbench, answers: ReadonlyMap<string, BenchAnswers>, by: Bootstrap): ResultTable {
  return {
    name: 'chexagent-stages',
    title: 'What each stage adds, hundredths',
    intervals: `of accuracies 95%, Wilson; of the others 95% bootstrap, ${by.draws} draws`,
    rows: [...answers].map(([stages, own]) => {
      const right = { generation: rightAnswers(bench, own, 'generation'), likelihood: rightAnswers(bench, own, 'likelihood') };
      const share = (hits: readonly number[]): Estimate =>
        inHundredths(
          shareOf(
            hits.reduce((a, b) => a + b, 0),
            hits.length,
          ),
        );
      return {
        stages,
        'accuracy, generation': share(right.generation),
        'accuracy, likelihood': share(right.likelihood),
        'IoU of boxes': inHundredths(bootstrapMean(overlapsOf(bench.places, own.boxes), by)),
        'F1 of findings written (14, micro)': inHundredths(estimateOf(findingsMeasure(bench, own), by)),
      };
    }),
  };
}

function stageFindings(bench: CheXbench, answers: ReadonlyMap<string, BenchAnswers>, by: Bootstrap): Finding[] {
  const full = meanOf(FULL, rightAnswers(bench, answers.get(FULL)!, 'likelihood'));
  return STAGES.map((stage): Finding => {
    const less = meanOf(stage, rightAnswers(bench, answers.get(`without ${stage}`)!, 'likelihood'));
    const { difference, p } = pairedDifference(full, less, by);
    return {
      finding: `${wordsOf[stage]} adds accuracy (likelihood, all questions)`,
      paper: 'said',
      here: `${textOf(inHundredths(difference), 1)} (p = ${p.toPrecision(2)})`,
      verdict: isAbove0(difference),
    };
  });
}
