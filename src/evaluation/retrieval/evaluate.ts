/** Sections 6.3 and 6.4: whether generated images find real images, and texts, of the finding that they were asked to show. */

import { recordsOf } from '../../datasets/internal';
import { foldIn } from '../../engine';
import type { Features } from '../../metrics';
import type { Bench } from '../bench';
import { type Estimate, textOf } from '../estimate';
import { featuresOf } from '../features';
import { generatedImages, realImages } from '../image-set';
import { contrastiveEncoder, imageSpace } from '../networks/kept-contrastive';
import { paperTableFour } from '../paper';
import type { EvaluationResult, Finding } from '../result';
import { chosenRows } from '../rows';
import { inHundredths, LABEL_DEFINITION, WORD_DEFINITIONS } from '../text-measures';
import { byLot, type RetrievalScores, scoresOf } from './scores';
import { search } from './search';
import { type ShownSearch, searchFigure, searchTables } from './shown';
import { type RetrievalStudies, retrievalStudies, type SingleStudy } from './studies';
import { type FoundTexts, foundTexts, topTextTable } from './top-text';

export interface RetrievalOptions {
  /** K of Precision@K and Recall@K, rising. Default 5, 10, 50, as in ConVIRT's own image retrieval; the paper's are lost. */
  readonly cuts?: readonly number[];
  /** At most; default the paper's 200. */
  readonly queries?: number;
  /** At most; default the paper's 400. */
  readonly candidates?: number;
  /** Of the bootstrap; default 1000. */
  readonly draws?: number;
}

export interface RetrievalResult extends EvaluationResult {
  readonly imageImage: readonly RetrievalScores[];
  readonly imageText: readonly RetrievalScores[];
  readonly topText: readonly FoundTexts[];
}

/** The child of the bench's key for the bootstrap. */
const KEY = 63;

/**
 * @throws RangeError where fewer than two findings have studies that show them alone, or cuts do not rise; the signal's reason where it was raised
 */
export async function evaluateRetrieval(bench: Bench, options: RetrievalOptions = {}): Promise<RetrievalResult> {
  const { cuts = [5, 10, 50], queries = 200, candidates = 400, draws = 1000 } = options;
  if (cuts.length === 0 || cuts.some((cut, i) => !Number.isInteger(cut) || cut < 1 || (i > 0 && cut <= cuts[i - 1]!)))
    throw new RangeError(`retrieval: cuts: expected rising whole numbers from 1, got ${cuts.join(', ')}`);
  const { test, records } = bench;
  const studies = retrievalStudies(recordsOf(test), records.length, { queries, candidates });
  const real = await realImages(bench, 'test', test.length);
  const sets = [real];
  for (const model of bench.models) sets.push(await generatedImages(bench, model));
  const bootstrapping = { key: foldIn(bench.key, KEY), draws };
  const encoder = await contrastiveEncoder(bench);
  try {
    const features: Features[] = [];
    for (const set of sets) features.push(await featuresOf(bench, imageSpace(encoder), set));
    const texts = await encoder.texts(studies.candidates.map(({ index }) => test.record(index).text));
    const searched = {
      images: { studies: studies.candidates, vectors: vectorsOf(features[0]!, studies.candidates) },
      texts: { studies: studies.candidates, vectors: texts },
    };
    const scores = (side: keyof typeof searched): RetrievalScores[] => {
      const results = sets.map((_, s) =>
        search({ studies: studies.queries, vectors: vectorsOf(features[s]!, studies.queries) }, searched[side], cuts),
      );
      const rows = sets.map(({ name }, s) => scoresOf(name, s === 0 ? 'real' : 'model', results[s]!, studies.labels, bootstrapping));
      return [...rows, scoresOf('chance', 'chance', byLot(results[0]!, cuts), studies.labels, bootstrapping)];
    };
    const [imageImage, imageText] = [scores('images'), scores('texts')];
    const topText = await foundTexts(bench, encoder, sets, features, bootstrapping);
    const intervals = `95% bootstrap over queries, ${draws} draws`;
    const shown: ShownSearch[] = [
      { name: 'image-image', title: 'Real images that images find', rows: imageImage, cuts, intervals },
      { name: 'image-text', title: 'Texts that images find', rows: imageText, cuts, intervals },
    ];
    return {
      evaluation: 'retrieval',
      title: 'Retrieval: whether images find what shows the same finding',
      paper: 'Table 4, sections 6.3 and 6.4',
      imageImage,
      imageText,
      topText,
      tables: [
        ...shown.flatMap(searchTables),
        topTextTable(topText, draws),
        paperTableFour('image–image retrieval'),
        paperTableFour('image–text retrieval'),
      ],
      figures: shown.map(searchFigure),
      definitions: {
        'contrastive encoder': encoder.definition,
        'Precision@K': `of the K candidates with the largest cosine to a query, the share with its finding; mean over queries; candidates of the query's own patient are left out; v1`,
        'Recall@K': 'of the candidates with the finding of a query, the share among its first K; mean over queries; v1',
        studies: `${studies.queries.length} queries and ${studies.candidates.length} candidates of the test part that show one finding alone, as many of each as there are within the paper's 200 and 400: ${studies.labels.join(', ')}; v1`,
        chance: 'the expectation of a search by lot: exact, its interval that of the queries drawn anew; v1',
        'top text':
          'the text of the training part with the largest cosine to an image, each text once, measured against the text of the image; v1',
        'F1 of labels': LABEL_DEFINITION,
        ...WORD_DEFINITIONS,
      },
      notes: [...notesOf(bench, studies, imageImage, cuts), ...blindNotes('images', imageImage), ...blindNotes('texts', imageText)],
      findings: imageImage.filter(({ kind }) => kind === 'model').map((row) => findingOf(imageImage, row, cuts[0]!)),
    };
  } finally {
    encoder.dispose();
  }
}

const vectorsOf = (features: Features, studies: readonly SingleStudy[]): Float32Array =>
  chosenRows(
    features,
    studies.map(({ index }) => index),
  ).values;

/** Queries of a finding, fewer than which are said to be few. */
const FEW = 10;

function notesOf(
  { quick }: Bench,
  { labels, queries, candidates }: RetrievalStudies,
  [real]: readonly RetrievalScores[],
  cuts: readonly number[],
): string[] {
  const few = labels.filter((label) => queries.filter((query) => query.label === label).length < FEW);
  const relevant = Math.min(...labels.map((label) => candidates.filter((study) => study.label === label).length));
  const beyond = cuts.filter((cut) => cut > relevant);
  const unknown = cuts.filter((_, i) => real!.precision[i] === null);
  return [
    "The paper's K is lost from its text; 5, 10 and 50 are those of ConVIRT's own image retrieval.",
    'The contrastive encoder was trained on the training part at hand: figures compare sets of images with one another and with real ones, not with the paper.',
    ...(few.length > 0
      ? [`Fewer than ${FEW} queries show ${few.join(', ')} alone: intervals by finding are rough, and of fewer than 5 there are none.`]
      : []),
    ...(beyond.length > 0 ? [`A finding has ${relevant} candidates, so that Precision@${beyond.join(' and @')} cannot reach 100.`] : []),
    ...(unknown.length > 0 ? [`There are fewer candidates than K = ${unknown.join(', ')}, which is left out.`] : []),
    ...(quick ? ['Quick: a smaller contrastive encoder, trained for fewer steps.'] : []),
  ];
}

/** Whether real images find more of their finding than a search by lot does. */
function sees(rows: readonly RetrievalScores[]): boolean {
  const [real, chance] = (['real', 'chance'] as const).map((kind) => rows.find((row) => row.kind === kind)!.precision[0]);
  return Boolean(real && chance && real.low > chance.value);
}

const blindNotes = (what: string, rows: readonly RetrievalScores[]): string[] =>
  sees(rows)
    ? []
    : [
        `Real images do not find more ${what} of their finding than a search by lot: on these data the encoder is blind, and its figures judge no model.`,
      ];

function findingOf(rows: readonly RetrievalScores[], model: RetrievalScores, cut: number): Finding {
  const real = rows.find(({ kind }) => kind === 'real')!.precision[0];
  const generated = model.precision[0];
  const said = (estimate: Estimate | null | undefined): string => {
    return estimate ? textOf(inHundredths(estimate), 1) : 'unknown';
  };
  const verdict =
    !real || !generated ? 'undecided' : generated.high < real.low ? 'repeated' : generated.low > real.high ? 'not repeated' : 'undecided';
  return {
    finding: `Generated images find fewer real images of their finding than real ones do (${model.images})`,
    paper: '46.1 against 55.2 at the smallest K (5e-5, 60k steps)',
    here: `${said(generated)} against ${said(real)} at K = ${cut}`,
    verdict,
  };
}
