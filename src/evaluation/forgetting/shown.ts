/** Tables, figures and findings of what an adapted model has forgotten. */

import { dotFigure, type Figure, figure, imageGrid, type LineSeries, lineFigure, type Picture } from '../../display';
import type { Bench } from '../bench';
import { type Estimate, textOf } from '../estimate';
import { type Finding, isAbove0, type ResultFigure, type ResultTable } from '../result';
import type { Domain } from './domain';
import type { ForgettingResult, ForgettingRow, RemedyRow, ShownPicture } from './rows';

type Measured = Pick<ForgettingResult, 'rows' | 'remedies' | 'drift' | 'differences' | 'pictures'>;

export function showForgetting(
  { quick, train }: Bench,
  domains: Readonly<Record<Domain['name'], Domain>>,
  measured: Measured,
  { recipes, old }: { readonly recipes: readonly string[]; readonly old: string },
): ForgettingResult {
  const { rows, remedies, drift, differences } = measured;
  const pictures = domains.old.real.records.length;
  const paired = '95% bootstrap over images, with the same images, noise and prompts on both sides';
  const accuracyOf = ({ labelled, classifier, name }: Domain): string =>
    labelled
      ? `${name}: a small classifier of ${classifier.config.findings.length} labels, trained on the domain's training part`
      : `${name}: no labels, so features are the other domain's classifier's, and there is no accuracy`;
  return {
    evaluation: 'forgetting',
    title: 'What the model forgets as it is adapted',
    paper: 'Figure 6',
    ...measured,
    tables: [
      {
        name: 'remedies',
        title: 'What each way of adapting has lost of the old domain and gained of the new one, at its last step',
        intervals: paired,
        rows: remedies.map((row) => ({
          recipe: row.recipe,
          'old domain: loss risen by, %': row.lost,
          'new domain: loss fallen by, %': row.gained,
          [`old domain: against ${recipes[0]}, %`]: row.againstFirst,
          'backward transfer (AUROC)': row.backwardTransfer ?? null,
          'AUROC gained, new domain': row.aurocGained ?? null,
          'drift of the text encoder': row.encoderDrift,
          'drift of the U-Net': row.unetDrift,
        })),
      },
      {
        name: 'steps',
        title: 'Both domains along the steps',
        intervals: `95% bootstrap over images; of FID 1.96 bootstrap deviations over the generated ones, ${quick ? 20 : 100} draws`,
        rows: rows.map(({ recipe, step, domain, loss, fid, auroc, accuracy }) => ({
          recipe,
          step,
          domain,
          loss,
          FID: fid ?? null,
          AUROC: auroc ?? null,
          'named first': accuracy ?? null,
        })),
      },
      {
        name: 'drift',
        title: 'Relative movement of weights by layer (exact)',
        rows: drift.map(({ recipe, step, part, layer, relative }) => ({ recipe, step, part, layer, drift: relative })),
      },
    ] satisfies ResultTable[],
    figures: figuresOf(measured, recipes),
    definitions: {
      loss: "v1: mean squared error of the network's prediction on real images of people or scenes that no model trained on: mean latents, one noise and one of evenly spread noise levels each, the same for every model.",
      FID: `v1: Fréchet distance of ${pictures} pictures to ${pictures} real images in the last hidden features of the domain's classifier. ${accuracyOf(domains.old)}; ${accuracyOf(domains.new)}.`,
      AUROC: "v1: of the classifier's probabilities against the labels of the prompts, mean over labels with both classes.",
      'named first': 'v1: of the labels that prompts name, the share that is among as many of the most probable ones by the classifier.',
      'backward transfer':
        'v1: AUROC of pictures of old prompts at the last step less that at step 0 (Lopez-Paz and Ranzato 2017, arXiv:1706.08840); below 0 is forgetting.',
      drift: 'v1: |θ - θ₀| / |θ₀| over the weights of a layer.',
    },
    notes: [
      `The old domain is ${old}, the new one ${train.name}; ${pictures} prompts each.`,
      ...(pictures < 200 ? [`FID of ${pictures} pictures is far above what more would give; compare rows of this table alone.`] : []),
      ...(quick ? ['Quick: few steps, small classifiers, and pictures of all but the first recipe at the last step alone.'] : []),
    ],
    findings: findingsOf(remedies, differences, recipes),
  };
}

/** One recipe along the steps, from the base on. */
function along(rows: readonly ForgettingRow[], recipe: string, of: (row: ForgettingRow) => Estimate | undefined): LineSeries {
  const own = rows.filter((row) => (row.recipe === recipe || row.step === 0) && of(row));
  const values = own.map((row) => of(row)!);
  return {
    name: recipe,
    x: own.map(({ step }) => step),
    y: values.map(({ value }) => value),
    low: values.map(({ low }) => low),
    high: values.map(({ high }) => high),
  };
}

function figuresOf({ rows, remedies, drift, pictures }: Measured, recipes: readonly string[]): ResultFigure[] {
  const lines = (
    name: string,
    title: string,
    domain: ForgettingRow['domain'],
    of: (row: ForgettingRow) => Estimate | undefined,
    caption: string,
  ): ResultFigure[] => {
    const series = recipes
      .map((recipe) =>
        along(
          rows.filter((row) => row.domain === domain),
          recipe,
          of,
        ),
      )
      .filter(({ x }) => x.length > 1);
    if (series.length === 0) return [];
    return [
      {
        name,
        caption,
        figure: lineFigure({
          title: domain === 'old' ? 'What is kept of the old domain' : 'What is learnt of the new domain',
          xTitle: 'training step',
          yTitle: title,
          interval: '95% bootstrap over images',
          series,
        }),
      },
    ];
  };
  const layers = [...new Set(drift.map(({ part, layer }) => `${part}: ${layer}`))];
  const last = (recipe: string): number => Math.max(...drift.filter((row) => row.recipe === recipe).map(({ step }) => step));
  return [
    {
      name: 'remedies',
      caption: 'What is lost of the old domain against what is gained of the new one, at the last step: right and low is best.',
      figure: remediesFigure(remedies),
    },
    ...lines(
      'old-loss',
      'loss on real images',
      'old',
      ({ loss }) => loss,
      'Loss on real images of the old domain along the training: where it rises, the model forgets.',
    ),
    ...lines('new-loss', 'loss on real images', 'new', ({ loss }) => loss, 'Loss on real images of the new domain along the training.'),
    ...lines('old-fid', 'FID', 'old', ({ fid }) => fid, 'FID of pictures of general prompts along the training.'),
    ...lines('new-fid', 'FID', 'new', ({ fid }) => fid, "FID of pictures of radiographs' prompts along the training."),
    ...lines(
      'old-auroc',
      'AUROC',
      'old',
      ({ auroc }) => auroc,
      'Whether pictures of general prompts show what is asked, along the training.',
    ),
    {
      name: 'drift',
      caption: 'How far the weights of each layer have moved at the last step, relative to their length.',
      figure: dotFigure({
        title: 'Drift of weights by layer',
        xTitle: '|θ - θ₀| / |θ₀|',
        yTitle: '',
        categories: layers,
        series: recipes.map((name) => {
          const own = drift.filter((row) => row.recipe === name && row.step === last(name));
          return { name, values: own.map(({ relative }) => relative) };
        }),
      }),
    },
    ...picturesOf(pictures, recipes),
  ];
}

/** One more or less than there are colours, so that no two of many recipes look alike. */
const SYMBOLS = ['circle', 'diamond', 'square', 'triangle-up', 'x', 'star', 'cross'];

function remediesFigure(remedies: readonly RemedyRow[]): Figure {
  const bars = (values: readonly Estimate[]): object => ({
    type: 'data',
    symmetric: false,
    array: values.map(({ value, high }) => high - value),
    arrayminus: values.map(({ value, low }) => value - low),
    thickness: 1,
    width: 3,
  });
  return figure({
    data: remedies.map(({ recipe, lost, gained }, i) => ({
      type: 'scatter',
      mode: 'markers',
      name: recipe,
      x: [gained.value],
      y: [lost.value],
      error_x: bars([gained]),
      error_y: bars([lost]),
      marker: { size: 11, symbol: SYMBOLS[i % SYMBOLS.length] },
    })),
    layout: {
      title: { text: 'Old domain lost, new domain gained', subtitle: { text: 'Error bars: 95% bootstrap over images' } },
      height: 500,
      margin: { t: 120 }, // title, what the bars are, and two lines of names
      xaxis: { title: { text: "new domain: loss fallen by, % of the base's" } },
      yaxis: { title: { text: "old domain: loss risen by, % of the base's" } },
    },
  });
}

/** The same general prompts: along the steps of the first recipe, and at the end of each. */
function picturesOf(pictures: readonly ShownPicture[], recipes: readonly string[]): ResultFigure[] {
  const [firstRecipe] = recipes as [string];
  const lastOf = (recipe: string): number => Math.max(...pictures.filter((one) => one.recipe === recipe).map(({ step }) => step));
  const grid = (some: readonly ShownPicture[], title: string, label: (one: ShownPicture) => string): ResultFigure['figure'] => {
    const [{ recipe, step }] = some as [ShownPicture];
    const columns = some.filter((one) => one.recipe === recipe && one.step === step).length; // prompts, of which two may be alike
    const images = some.map(({ pixels, size }): Picture => ({ pixels, width: size, height: size, channels: 1 }));
    return imageGrid(
      images,
      some.map(({ prompt }, i) => (i < columns ? prompt : '')),
      { columns, labels: some.map((one, i) => (i % columns === 0 ? label(one) : '')), title, synthetic: true },
    );
  };
  const way = pictures.filter(({ recipe, step }) => recipe === firstRecipe || step === 0);
  const ends = pictures.filter(({ recipe, step }) => step === 0 || step === lastOf(recipe));
  return [
    {
      name: 'pictures-steps',
      caption: `Pictures of the same general prompts and noise along the steps of ${firstRecipe}.`,
      figure: grid(way, `General prompts along ${firstRecipe}`, ({ step }) => `step ${step}`),
    },
    {
      name: 'pictures-remedies',
      caption: 'Pictures of the same general prompts and noise by the base and at the last step of each recipe.',
      figure: grid(ends, 'General prompts at the end', ({ recipe, step }) => (step === 0 ? 'base' : recipe)),
    },
  ];
}

const FIGURE = 'Figure 6 and section 9: general prompts give radiographs after fine-tuning; no numbers';

function findingsOf(remedies: readonly RemedyRow[], { jointOverUNet }: Measured['differences'], recipes: readonly string[]): Finding[] {
  const [first, ...others] = remedies as [RemedyRow, ...RemedyRow[]];
  return [
    {
      finding: `General prompts are forgotten (${first.recipe})`,
      paper: FIGURE,
      here: `loss on the old domain higher by ${textOf(first.lost, 1, '%')} of the base's`,
      verdict: isAbove0(first.lost),
    },
    ...(jointOverUNet
      ? [
          {
            finding: 'Forgetting is faster when the text encoder trains too',
            paper: FIGURE,
            here: `loss on the old domain over all looks, joint less unet-only: ${textOf(jointOverUNet, 1, '%')} of the base's`,
            verdict: isAbove0(jointOverUNet),
          },
        ]
      : []),
    ...others
      .filter(({ recipe }) => recipe !== 'unet-only')
      .map(({ recipe, againstFirst }) => ({
        finding: `${recipe} forgets less than ${recipes[0]}`,
        paper: 'not measured there',
        here: `loss on the old domain ${textOf(againstFirst, 1, '%')} of the base's against ${recipes[0]}`,
        verdict: isAbove0({ value: -againstFirst.value, low: -againstFirst.high, high: -againstFirst.low }),
      })),
  ];
}
