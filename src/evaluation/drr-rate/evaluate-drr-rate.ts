/** DRR-RATE's tables: CheXNet within and across the domains of reconstructions and radiographs, folds by image and by patient, and what was not asked there. */

import { foldIn } from '../../engine';
import { type DomainFolders, type DrrRateRecipe, openDomain } from '../../systems';
import { type Estimate, textOf } from '../estimate';
import { type Finding, isAbove0, type ResultTable } from '../result';
import { differenceOfLabels, differenceOfSets, differenceOn } from './measure';
import type { TrainingPlace } from './networks';
import { causesPart, foldsPart, lateralPart, type PartOptions, pairsPart } from './parts';

export const drrRateParts = ['pairs', 'folds', 'lateral', 'causes'] as const;
export type DrrRateEvaluationPart = (typeof drrRateParts)[number];

export interface DrrRateEvaluationOptions extends TrainingPlace {
  /** Folders of data sets; of a domain without one the phantom's images are taken. */
  readonly folders: DomainFolders;
  readonly parts: readonly DrrRateEvaluationPart[];
  /** Of the bootstrap; default 500. */
  readonly draws?: number;
  readonly onNote?: (note: string) => void;
}

export interface DrrRateEvaluation {
  readonly tables: readonly ResultTable[];
  readonly findings: readonly Finding[];
  readonly definitions: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

const LARGE = ['cardiomegaly', 'pleural effusion'];
const SMALL = ['lung nodule', 'atelectasis'];

/**
 * Trains and measures what the parts need; networks are kept in the folder.
 *
 * @throws RangeError where causes are asked of a data set, whose volumes are not there; the signal's reason
 */
export async function evaluateDrrRate(options: DrrRateEvaluationOptions): Promise<DrrRateEvaluation> {
  const { recipe, folders, parts, draws = 500, key, signal, onProgress } = options;
  if (parts.includes('causes') && folders.drr !== undefined)
    throw new RangeError('causes are measured on volumes of the phantom; leave the folder of reconstructions out');
  const notes: string[] = [];
  const onNote = (note: string): void => {
    notes.push(note);
    options.onNote?.(note);
  };
  const open = (domain: 'drr' | 'x-ray') =>
    openDomain(recipe, domain, folders, {
      lateral: domain === 'drr' && parts.includes('lateral'),
      ...(signal && { signal }),
      onProgress: (done, total) => onProgress?.(domain === 'drr' ? 'reconstructions' : 'radiographs', done, total),
      onNote,
    });
  const bootstrap = { key: foldIn(key, 2), draws };
  const own: PartOptions = { ...options, domains: { drr: await open('drr'), 'x-ray': await open('x-ray') }, bootstrap };
  const tables: ResultTable[] = [];
  const findings: Finding[] = [];
  const found = (finding: string, paper: string, difference: Estimate): void =>
    void findings.push({ finding, paper, here: textOf(difference, 3), verdict: isAbove0(difference) });
  if (parts.includes('pairs')) {
    const { pairs, tables: made } = await pairsPart(own);
    tables.push(...made);
    const pair = (name: string) => pairs[name]!;
    found(
      'Large findings (cardiomegaly, pleural effusion) are told better than small ones (lung nodule, atelectasis) on reconstructions',
      '.900 and .926 against .629 and .692',
      differenceOfLabels(pair('DRR → DRR'), bootstrap, LARGE, SMALL),
    );
    found('A network of radiographs is worse on reconstructions', '.846 against .624', differenceOfSets(pair('X-ray → X-ray'), pair('X-ray → DRR'), bootstrap)); // biome-ignore format: as its neighbours
    found(
      'Learning from reconstructions recovers that',
      '.750 against .624',
      differenceOn(pair('DRR → DRR'), pair('X-ray → DRR'), bootstrap),
    );
    found('So does learning from both', 'not measured there', differenceOn(pair('mixed → DRR'), pair('X-ray → DRR'), bootstrap));
  }
  if (parts.includes('folds')) {
    const { byImage, byPatient, tables: made } = await foldsPart(own);
    tables.push(...made);
    found('Folds by image overstate', 'folds by image alone', differenceOn(byImage, byPatient, bootstrap));
  }
  if (parts.includes('lateral')) {
    const { two, one, tables: made } = await lateralPart(own);
    tables.push(...made);
    found('A lateral view helps', 'not measured there', differenceOn(two, one, bootstrap));
  }
  if (parts.includes('causes')) tables.push(...(await causesPart(own)));
  return { tables, findings, definitions: DEFINITIONS, notes: [...notes, ...notesOf(recipe, folders)] };
}

const DEFINITIONS: Readonly<Record<string, string>> = {
  AUROC: 'The probability that an image with the label scores above one without, ties one half.',
  'average precision': 'Sum over thresholds of the gain in recall times the precision.',
  'mean of the six':
    'Over cardiomegaly, atelectasis, lung nodule (CheXpert: Lung Lesion), lung opacity, pleural effusion and consolidation, those with both classes.',
};

const notesOf = ({ folds }: DrrRateRecipe, folders: DomainFolders): string[] => [
  `One training of each network, ${folds} of each way to fold: intervals are over patients, not over seeds.`,
  ...(folders.drr === undefined || folders['x-ray'] === undefined
    ? [
        "The phantom's domains differ by construction: its radiographs have a grain in the lungs, noise, scatter and a display, its reconstructions none of it.",
      ]
    : []),
];
