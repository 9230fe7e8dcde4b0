/** CXR-LLaVA's table at laptop scale: with and without what the encoder learns, prompts, sets from elsewhere, temperatures. */

import { join } from 'node:path';
import type { Displayable } from '../../display';
import { dispose, foldIn, type Key, type Tree } from '../../engine';
import { type Rows, rowsOf } from '../../files';
import { chosenRows } from '../../files/internal';
import {
  type AskedModel,
  askedCxrLlava,
  fitLlava,
  fitVision,
  type LlavaRecipe,
  type LlavaStage,
  llavaParts,
  llavaVisionOf,
  type Radiographs,
  type ReportPrompt,
  readLabels,
} from '../../systems';
import { type Estimate, textOf } from '../estimate';
import { hashOf } from '../hash-of';
import { pairedDifference } from '../paired';
import { type Finding, isAbove0, type ResultTable, type SystemEvaluation } from '../result';
import type { OutcomeByGroup } from '../subgroups/gaps';
import {
  JUDGED,
  rareGroupFindings,
  rareTrainingSets,
  saidOf,
  sensitivityByGroup,
  sensitivityDefinition,
  sensitivityTable,
} from '../subgroups/rare-group';
import { estimateOf, type SummedMeasure } from '../summed';
import { inHundredths } from '../text-measures';
import { BLEU, COVERAGE, classifierMeasure, DEFINITE, DEFINITIONS, reportMeasures, TRUTH, thresholdsOf } from './measures';
import { reportsOf } from './reports';
import { type SamplingPlane, samplingPlane } from './sampling-plane';

export interface LlavaEvaluationOptions {
  readonly recipe: LlavaRecipe;
  readonly data: { readonly train: Radiographs; readonly test: Radiographs; readonly texts: readonly string[] };
  /** Many patients, whose sensitivity is told by group; those of the test where left out. */
  readonly groups?: Radiographs;
  /** Images from elsewhere, by name. */
  readonly external: Readonly<Record<string, Radiographs>>;
  readonly key: Key;
  /** Networks are kept here: what was interrupted goes on. */
  readonly out: string;
  /** Reports at each place of the plane of temperature and top-p; none where 0. Default 100. */
  readonly plane?: number;
  /** Of bootstrap and test; default 1000. */
  readonly draws?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

export interface LlavaEvaluation extends SystemEvaluation {
  /** Of temperature and top-p, where the plane was measured. */
  readonly figure?: Displayable;
}

interface Row {
  readonly name: string;
  readonly prompt: ReportPrompt;
  readonly n: number;
  readonly distinct: number;
  readonly measures: readonly SummedMeasure[];
}

const [LEARNT, RANDOM, BLANK] = ['CXR-LLaVA', 'encoder of random weights', 'images blanked'] as const;
const MEASURES = [DEFINITE, COVERAGE, TRUTH, BLEU];
const GREY = 0.5;

/** @throws the signal's reason where it was raised: networks that are trained stay */
export async function evaluateLlava(options: LlavaEvaluationOptions): Promise<LlavaEvaluation> {
  const { recipe, data, external, key, out, plane = 100, draws = 1000 } = options;
  const bootstrap = { key: foldIn(key, 9), draws };
  const rows: Row[] = [];
  const parts = llavaParts(join(out, 'networks', identityOf(options)));
  let planes: SamplingPlane | undefined;
  await withModel(options, recipe, parts, async (model) => {
    for (const prompt of ['open', 'naming'] as const) rows.push(await rowOf(options, model, LEARNT, prompt, data.test));
    rows.push(await rowOf(options, model, BLANK, 'naming', { ...data.test, pixels: blanked(data.test.pixels) }));
    for (const [name, images] of Object.entries(external)) rows.push(await rowOf(options, model, name, 'naming', images));
    if (plane > 0) planes = await samplingPlane(model, data.test, plane, { ...options, draws: bootstrap });
  });
  const untaught = { ...parts, projector: `${parts.projector}-random`, dialogues: `${parts.dialogues}-random` };
  await withModel(options, { ...recipe, learns: 'nothing' }, untaught, async (model) => {
    rows.push(await rowOf(options, model, RANDOM, 'naming', data.test));
  });
  const ceiling = await classifierOf(options, parts);
  const groups = await sensitivities(options);
  return {
    tables: [
      tableOf(rows, ceiling, bootstrap),
      ...(planes ? [planes.table] : []),
      sensitivityTable('cxr-llava-groups', "Sensitivity of the encoder's own labels by group, hundredths", groups, draws),
    ],
    findings: [...findingsOf(rows, Object.keys(external), planes, bootstrap), ...rareGroupFindings(groups)],
    definitions: {
      ...DEFINITIONS,
      sensitivity: sensitivityDefinition('probability by the layer behind the encoder', 'its own training records'),
    },
    notes: [
      'One training of each row: intervals are over images, not over seeds.',
      'F1 of definite pairs rewards silence: read it with the coverage beside it.',
    ],
    ...(planes && { figure: planes.figure }),
  };
}

const identityOf = ({ recipe, key, data }: LlavaEvaluationOptions): string =>
  hashOf(JSON.stringify([recipe, key, data.train.pixels.identity, data.texts])).slice(0, 16);

const blanked = ({ width, length }: Rows): Rows => rowsOf(new Float32Array(width * length).fill(GREY), width);

async function withModel(
  { data, key, signal, onProgress }: LlavaEvaluationOptions,
  recipe: LlavaRecipe,
  parts: Readonly<Record<LlavaStage, string>>,
  use: (model: AskedModel) => Promise<void>,
): Promise<void> {
  const how = recipe.learns !== 'nothing' ? '' : ` with an ${RANDOM}`;
  const { config, params, tokenizer } = await fitLlava(
    {
      recipe,
      data: data.train,
      texts: data.texts,
      key,
      ...(signal && { signal }),
      watch: (stage) => ({
        onStep: ({ step, steps }) => onProgress?.(`training of ${stage}${how}`, step, steps),
        checkpoints: {
          folder: `${parts[stage]}-checkpoints`,
          identity: JSON.stringify([recipe.stages, recipe.learns, key]),
          resume: 'always',
          every: recipe.run.checkpoint_every,
        },
      }),
    },
    parts,
  );
  try {
    await use({ network: askedCxrLlava(config), params: params as Tree, tokenizer });
  } finally {
    dispose(params as Tree);
  }
}

async function rowOf(
  options: LlavaEvaluationOptions,
  model: AskedModel,
  name: string,
  prompt: ReportPrompt,
  images: Radiographs,
): Promise<Row> {
  const reports = await reportsOf(options, model, `reports: ${name}`, prompt, images);
  return { name, prompt, n: reports.length, distinct: new Set(reports).size, measures: reportMeasures(reports, images.records) };
}

/** What the encoder's own layer reads: no report can be expected to be better. */
async function classifierOf(
  { recipe, data, key, signal }: LlavaEvaluationOptions,
  parts: Readonly<Record<LlavaStage, string>>,
): Promise<SummedMeasure> {
  const encoder = await fitVision({ recipe, data: data.train, texts: [], key }, parts.vision); // it is there
  try {
    const network = llavaVisionOf(recipe);
    const [train, test] = [
      await readLabels(network, encoder, data.train.pixels, signal),
      await readLabels(network, encoder, data.test.pixels, signal),
    ];
    return classifierMeasure(test, thresholdsOf(train, data.train.records), data.test.records);
  } finally {
    dispose(encoder.params as Tree);
  }
}

/** By the encoder's own layer, trained on a set in which one group's findings are rare, and on one in which they are not. */
async function sensitivities(options: LlavaEvaluationOptions): Promise<ReadonlyMap<string, OutcomeByGroup>> {
  const { recipe, data, groups = data.test, key, out, draws = 1000, signal, onProgress } = options;
  const network = llavaVisionOf(recipe);
  const outcomes = new Map<string, OutcomeByGroup>();
  for (const [name, rows] of Object.entries(rareTrainingSets(data.train.records, foldIn(key, 23)))) {
    const train: Radiographs = {
      ...data.train,
      records: rows.map((i) => data.train.records[i]!),
      pixels: chosenRows(data.train.pixels, rows),
    };
    const identity = hashOf(JSON.stringify([recipe.vision, recipe.stages.vision, key, data.train.pixels.identity, rows])).slice(0, 16);
    const folder = join(out, 'networks', `groups-${identity}`);
    const encoder = await fitVision(
      {
        recipe,
        data: train,
        texts: [],
        key,
        ...(signal && { signal }),
        watch: () => ({
          onStep: ({ step, steps }) => onProgress?.(`training of an encoder, ${name}`, step, steps),
          checkpoints: { folder: join(folder, 'checkpoints'), identity, resume: 'always', every: recipe.run.checkpoint_every },
        }),
      },
      join(folder, 'model'),
    );
    try {
      const scoresOf = async ({ pixels, records }: Radiographs): Promise<Float32Array> => {
        const labels = await readLabels(network, encoder, pixels, signal);
        return Float32Array.from({ length: records.length * JUDGED.length }, (_, i) => {
          return labels[JUDGED[i % JUDGED.length]!]?.[Math.floor(i / JUDGED.length)] ?? 0;
        });
      };
      const said = saidOf(await scoresOf(groups), { scores: await scoresOf(train), records: train.records });
      outcomes.set(name, await sensitivityByGroup(said, groups.records, { key: foldIn(key, 22), draws, ...(signal && { signal }) }));
    } finally {
      dispose(encoder.params as Tree);
    }
  }
  return outcomes;
}

type Bootstrap = { readonly key: Key; readonly draws: number };
const measureOf = ({ measures }: Row, name: string): SummedMeasure => measures.find((measure) => measure.name === name)!;

function tableOf(rows: readonly Row[], ceiling: SummedMeasure, bootstrap: Bootstrap): ResultTable {
  return {
    name: 'cxr-llava',
    title: 'Reports of radiographs, hundredths',
    intervals: `95% bootstrap over images, ${bootstrap.draws} draws`,
    rows: [
      ...rows.map((row) => ({
        reports: row.name,
        prompt: row.prompt,
        n: row.n,
        'distinct reports': row.distinct,
        ...Object.fromEntries(MEASURES.map((name) => [name, inHundredths(estimateOf(measureOf(row, name), bootstrap))])),
      })),
      {
        reports: "the encoder's own labels",
        prompt: 'none',
        n: ceiling.rows.length,
        [TRUTH]: inHundredths(estimateOf(ceiling, bootstrap)),
      },
    ],
  };
}

function findingsOf(rows: readonly Row[], external: readonly string[], plane: SamplingPlane | undefined, bootstrap: Bootstrap): Finding[] {
  const row = (name: string, prompt: ReportPrompt = 'naming'): Row => rows.find((one) => one.name === name && one.prompt === prompt)!;
  const more = (a: SummedMeasure, b: SummedMeasure, finding: string, paper: string): Finding => {
    const { difference, p } = pairedDifference(a, b, bootstrap);
    return { finding, paper, here: `${textOf(inHundredths(difference), 1)} (p = ${p.toPrecision(2)})`, verdict: isAbove0(difference) };
  };
  const learnt = row(LEARNT);
  const paired = [
    more(measureOf(learnt, TRUTH), measureOf(row(RANDOM), TRUTH), `An encoder that has learnt labels helps (${TRUTH})`, 'said'),
    more(
      measureOf(learnt, TRUTH),
      measureOf(row(BLANK), TRUTH),
      `The image is read: better than of a blank one (${TRUTH})`,
      'not in the paper',
    ),
    more(
      measureOf(learnt, COVERAGE),
      measureOf(row(LEARNT, 'open'), COVERAGE),
      'A prompt that names findings raises the coverage',
      'not measured there',
    ),
    more(
      measureOf(learnt, DEFINITE),
      measureOf(row(LEARNT, 'open'), DEFINITE),
      `A prompt that names findings raises the ${DEFINITE}`,
      '.34 to .46',
    ),
    more(
      measureOf(learnt, TRUTH),
      measureOf(row(LEARNT, 'open'), TRUTH),
      `A prompt that names findings raises the ${TRUTH}`,
      'not measured there',
    ),
  ];
  const fall = external.map((name): Finding => {
    const [own, other] = [learnt, row(name)].map((one) => estimateOf(measureOf(one, TRUTH), bootstrap)) as [Estimate, Estimate];
    return {
      finding: `Images from elsewhere are read worse: ${name} (${TRUTH})`,
      paper: '.46 to .30 (five findings); children .84 to .85',
      here: `${textOf(inHundredths(other), 1)} against ${textOf(inHundredths(own), 1)}`,
      verdict: other.high < own.low ? 'repeated' : other.low > own.high ? 'not repeated' : 'undecided',
    };
  });
  const [low, high] = [0.2, 1.5].map((temperature) => plane?.measures.get(temperature));
  const cool =
    low && high ? [more(low, high, `A low temperature is best: .2 against 1.5 (${TRUTH}, top-p 1)`, 'temperature .2 chosen')] : [];
  return [...paired, ...fall, ...cool];
}
