/** SEI's table at laptop scale: writers with and without case and indication, limits on length, a baseline; and what alignment does for retrieval. */

import { join } from 'node:path';
import { dispose, foldIn, type Key, type Tree } from '../../engine';
import {
  fitAlignment,
  fitWriter,
  retrieveAll,
  type SeiRecipe,
  type SeiStudies,
  type SeiStudy,
  seiWriter,
  sharedOfCases,
  type WriterModel,
} from '../../systems';
import { type Estimate, shareOf, textOf } from '../estimate';
import { hashOf } from '../hash-of';
import { openRadGraphScorer, RADGRAPH, RADGRAPH_OTHERS, type RadGraphScorer } from '../networks/radgraph-scorer';
import { type PairedDifference, pairedDifference } from '../paired';
import { type Finding, isAbove0, type ResultTable, type SystemEvaluation } from '../result';
import { estimateOf, type SummedMeasure } from '../summed';
import {
  type ComparedText,
  inHundredths,
  LABEL_DEFINITION,
  LABEL_F1,
  labelF1Name,
  labelMeasures,
  WORD_DEFINITIONS,
  wordMeasures,
} from '../text-measures';
import { BASELINE, FULL, type Given, LENGTHS, MEASURED, NO_CASE, NO_INDICATION, recipeOf, TRAINED } from './variants';

export interface SeiEvaluationOptions {
  readonly recipe: SeiRecipe;
  readonly data: SeiStudies;
  readonly key: Key;
  /** Networks are kept here: what was interrupted goes on. */
  readonly out: string;
  /** The folder of a network of RadGraph's kind; without it its columns are left out. */
  readonly radGraph?: string;
  /** Of bootstrap and test; default 1000. */
  readonly draws?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** Reports as they were written. */
interface Row {
  readonly name: string;
  /** The most tokens of a report. */
  readonly limit: number;
  readonly distinct: number;
  readonly measures: readonly SummedMeasure[];
}

/** The columns beside BLEU and others: F1 of 5 and 14 labels, micro and macro, uncertain mentions as present. */
const LABELS = LABEL_F1.filter(({ uncertain }) => uncertain === 'positive').map(labelF1Name);
const WORDS = ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'METEOR', 'ROUGE-L'];
const CIDER = 'CIDEr';
const [LABELS_5, LABELS_14] = [5, 14].map((classes) =>
  labelF1Name({ average: 'micro', classes: classes as 5 | 14, uncertain: 'positive' }),
) as [string, string];
/** What rows are compared by. */
const COMPARED = ['BLEU-4', RADGRAPH, LABELS_5, LABELS_14];

/** @throws the signal's reason where it was raised: networks that are trained stay */
export async function evaluateSei(options: SeiEvaluationOptions): Promise<SystemEvaluation> {
  const { recipe, data, out, draws = 1000, key } = options;
  const radGraph = options.radGraph === undefined ? undefined : await openRadGraphScorer(options.radGraph);
  try {
    const retrieval = await retrievals(options);
    const studies = retrieval.annotation.test;
    const rows: Row[] = [];
    for (const variant of TRAINED) {
      const own = recipeOf(recipe, variant);
      const folder = join(out, 'networks', hashOf(JSON.stringify([own, key, data.identity])).slice(0, 16));
      const model = await trained(options, own, folder, variant.name, retrieval);
      try {
        rows.push(...(await measured(options, model, variant.name, studies, radGraph)));
      } finally {
        dispose(model.params as Tree);
      }
    }
    const bootstrap = { key: foldIn(key, 3), draws };
    return {
      tables: [tableOf(rows, bootstrap, studies.length), ...differencesOf(rows, bootstrap), retrieval.table],
      findings: [...findingsOf(rows, bootstrap), ...retrieval.findings],
      definitions: { ...WORD_DEFINITIONS, 'F1 of labels': LABEL_DEFINITION, ...radGraph?.definitions },
      notes: [
        `Every number is of reports of at most so many tokens as the row says, against whole references but where it says that they are cut as well.`,
        'One training of each row: intervals are over reports, not over seeds.',
        ...(radGraph ? [] : ['RadGraph is left out: no network was given for it (--radgraph; "roentgen radgraph train" makes one).']),
      ],
    };
  } finally {
    radGraph?.dispose();
  }
}

type Retrieval = Awaited<ReturnType<typeof retrievals>>;

/** Cases found by encoders that know nothing, that were aligned with whole reports, and that were aligned with structural entities, which writers go on with. */
async function retrievals(options: SeiEvaluationOptions) {
  const { recipe, data, key, out, signal, onProgress } = options;
  const ways: readonly [string, SeiRecipe][] = [
    ['random weights', untrained(recipe)],
    ['whole reports', { ...recipe, alignment: { ...recipe.alignment, aligns: 'report' } }],
    ['structural entities', { ...recipe, alignment: { ...recipe.alignment, aligns: 'structural' } }],
  ];
  const rows: ResultTable['rows'][number][] = [];
  let last: { annotation: SeiStudies['annotation']; folder: string } | undefined;
  const shares: Estimate[] = [];
  for (const [name, own] of ways) {
    const identity = JSON.stringify([own.alignment, own.image, own.text, own.output_dim, own.vocabulary_size, key, data.identity]);
    const folder = join(out, 'networks', hashOf(identity).slice(0, 16));
    const model = await fitAlignment(
      { recipe: own, data, key, ...(signal && { signal }), watch: () => watched(options, folder, identity, `alignment with ${name}`) },
      folder,
    );
    try {
      const { annotation } = await retrieveAll(model, data, own.cases, {
        ...(signal && { signal }),
        onProgress: (done, total) => onProgress?.('cases', done, total),
      });
      const { queries, retrieved, chance } = sharedOfCases(annotation.train, annotation.test);
      const share = shareOf(Math.round(retrieved * queries), queries);
      shares.push(share);
      rows.push({
        'aligned with': name,
        studies: queries,
        'best case shares a finding': inHundredths(share),
        'a case at random': 100 * chance,
      });
      last = { annotation, folder };
    } finally {
      dispose(model.params as Tree);
    }
  }
  const [random, whole, structural] = shares as [Estimate, Estimate, Estimate];
  const verdictOn = (better: Estimate, worse: Estimate): Finding['verdict'] =>
    better.low > worse.high ? 'repeated' : better.high < worse.low ? 'not repeated' : 'undecided';
  const against = (other: Estimate): string => `${textOf(inHundredths(structural), 1)} against ${textOf(inHundredths(other), 1)}`;
  return {
    ...last!,
    table: {
      name: 'sei-retrieval',
      title: 'Similar cases of test studies: how often the best one shares a finding, hundredths',
      intervals: '95%, Wilson',
      rows,
    } satisfies ResultTable,
    findings: [
      {
        finding: 'Cases share findings more often where the encoders were aligned than where they know nothing',
        paper: 'not measured there',
        here: against(random),
        verdict: verdictOn(structural, random),
      },
      {
        finding: 'Structural entities align better than whole reports: cases share findings more often',
        paper: 'said',
        here: against(whole),
        verdict: verdictOn(structural, whole),
      },
    ] satisfies Finding[],
  };
}

/** One step at the rate 0: random weights with the statistics that their norms need. */
const untrained = (recipe: SeiRecipe): SeiRecipe => ({
  ...recipe,
  alignment: {
    ...recipe.alignment,
    optimisation: {
      ...recipe.alignment.optimisation,
      steps: 1,
      learning_rate: { peak: 0, schedule: 'constant', warmup: 0, floor: 0 },
    },
  },
});

function watched({ recipe, onProgress }: SeiEvaluationOptions, folder: string, identity: string, what: string) {
  return {
    onStep: ({ step, steps }: { step: number; steps: number }) => onProgress?.(what, step, steps),
    checkpoints: { folder: join(folder, 'checkpoints'), identity, resume: 'always', every: recipe.run.checkpoint_every } as const,
  };
}

async function trained(
  options: SeiEvaluationOptions,
  recipe: SeiRecipe,
  folder: string,
  name: string,
  { annotation, folder: aligned }: Retrieval,
): Promise<WriterModel> {
  const { data, key, signal } = options;
  const fit = { recipe, data, key, ...(signal && { signal }), watch: () => watched(options, folder, folder, `training of ${name}`) };
  const model = await fitAlignment({ ...fit, recipe: options.recipe }, aligned); // it is there
  try {
    return await fitWriter(fit, folder, { model, studies: annotation.train });
  } finally {
    dispose(model.params as Tree);
  }
}

async function measured(
  { data, signal, onProgress }: SeiEvaluationOptions,
  model: WriterModel,
  name: string,
  studies: readonly SeiStudy[],
  radGraph: RadGraphScorer | undefined,
): Promise<Row[]> {
  const writer = seiWriter(model);
  const references = studies.map(({ report }) => report);
  const most = model.config.decoding.max_tokens;
  const row = async (title: string, given: Given, limit: number, cut = false): Promise<Row> => {
    const { texts } = await writer.write(
      { pixels: data.pixels.test, ...given },
      { max_tokens: limit },
      { ...(signal && { signal }), onProgress: (done, total) => onProgress?.(`reports of ${title}`, done, total) },
    );
    const pairs = texts.map(
      (candidate, i): ComparedText => ({ candidate, reference: cut ? firstTokens(references[i]!, limit) : references[i]! }),
    );
    const measures = [...wordMeasures(pairs), ...labelMeasures(pairs), ...((await radGraph?.measures(pairs, signal)) ?? [])];
    return { name: title, limit, distinct: new Set(texts).size, measures };
  };
  try {
    const asTrained = MEASURED[FULL]!(studies);
    if (name !== FULL) return [await row(name, asTrained, most)];
    const rows: Row[] = [];
    for (const [title, given] of Object.entries(MEASURED)) rows.push(await row(title, given(studies), most));
    for (const fraction of LENGTHS) {
      const limit = Math.max(1, Math.round(fraction * most));
      rows.push(await row(`${FULL}, ${limit} tokens`, asTrained, limit));
      rows.push(await row(`${FULL}, ${limit} tokens, references too`, asTrained, limit, true));
    }
    return rows;
  } finally {
    writer.dispose();
  }
}

/** A report's words up to a limit: the paper's code cuts what it measures against by the limit on what it writes. */
const firstTokens = (report: string, limit: number): string => report.split(' ').slice(0, limit).join(' ');

type Bootstrap = { readonly key: Key; readonly draws: number };
const measureOf = (row: Row, name: string): SummedMeasure | undefined => row.measures.find((measure) => measure.name === name);

function tableOf(rows: readonly Row[], bootstrap: Bootstrap, studies: number): ResultTable {
  const shown = [...WORDS, RADGRAPH_OTHERS[0], RADGRAPH, RADGRAPH_OTHERS[1], ...LABELS];
  return {
    name: 'sei',
    title: `Reports of ${studies} test studies: hundredths, but CIDEr (0 to 10)`,
    intervals: `95% bootstrap over reports, ${bootstrap.draws} draws`,
    rows: rows.map((row) => {
      const cells = [...shown, CIDER].flatMap((name) => {
        const measure = measureOf(row, name);
        if (!measure) return [];
        const estimate = estimateOf(measure, bootstrap);
        return [[name, name === CIDER ? estimate : inHundredths(estimate)]];
      });
      return { reports: row.name, 'most tokens': row.limit, 'distinct reports': row.distinct, ...Object.fromEntries(cells) };
    }),
  };
}

/** `FULL` less each other row. */
function differencesOf(rows: readonly Row[], bootstrap: Bootstrap): ResultTable[] {
  const full = rows.find(({ name }) => name === FULL)!;
  const others = rows.filter((row) => row !== full && !row.name.endsWith('references too'));
  return [
    {
      name: 'sei-differences',
      title: `${FULL} less the row, hundredths; p of exchanging the two reports of studies at random`,
      intervals: `95% bootstrap over reports, ${bootstrap.draws} draws`,
      rows: others.map((row) => ({
        'compared with': row.name,
        ...Object.fromEntries(
          COMPARED.flatMap((name) => {
            const compared = compare(full, row, name, bootstrap);
            return compared
              ? [
                  [name, inHundredths(compared.difference)],
                  [`p of ${name}`, Number(compared.p.toPrecision(2))],
                ]
              : [];
          }),
        ),
      })),
    },
  ];
}

function compare(a: Row, b: Row, name: string, bootstrap: Bootstrap): PairedDifference | undefined {
  const [one, other] = [measureOf(a, name), measureOf(b, name)];
  return one && other && pairedDifference(one, other, bootstrap);
}

function findingsOf(rows: readonly Row[], bootstrap: Bootstrap): Finding[] {
  const row = (name: string): Row => rows.find((one) => one.name === name)!;
  const against = (a: string, b: string, measure: string, finding: string, paper: string): Finding => {
    const { difference, p } = compare(row(a), row(b), measure, bootstrap)!;
    return { finding, paper, here: `${textOf(inHundredths(difference), 1)} (p = ${p.toPrecision(2)})`, verdict: isAbove0(difference) };
  };
  return [
    against(FULL, NO_INDICATION, 'BLEU-4', 'The indication helps the wording (BLEU-4)', '.128 against .109'),
    against(FULL, NO_INDICATION, LABELS_14, 'The indication helps the findings (F1 of 14 labels)', '.460 against .474: it does not'),
    against(
      FULL,
      'SEI-1, indication of another study',
      LABELS_14,
      'An indication of the study itself helps more than that of another study (F1 of 14 labels)',
      'not in the paper',
    ),
    against(FULL, NO_CASE, LABELS_14, 'The case helps (F1 of 14 labels)', '.460 against .457'),
    against(FULL, BASELINE, LABELS_5, 'More findings are right than of the baseline (F1 of 5 labels)', '.545 against .339'),
  ];
}
