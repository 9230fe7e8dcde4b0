/** The phantom as a dataset: studies by index, texts and labels from parameters, images rendered when asked for and kept on disk. */

import { join } from 'node:path';
import { type BatchOptions, checkIndex, type Dataset, type ImageRecord } from '../dataset';
import { dataFolder, proceduralImages } from '../procedural';
import { makeRoster, makeStudy, type Population, priorStudy } from './course';
import { patientGroups } from './groups';
import { writeImpression } from './impression';
import { asShown } from './place';
import { writePrompt } from './prompt';
import { type PhantomSubject, render } from './renderer';
import { phantomSettings } from './settings';
import { type FindingKind, PHANTOM_FINDINGS, type Projection, type Side, type Study } from './types';

export interface PhantomOptions {
  /** Another seed, other patients. 0 if not given. */
  readonly seed?: number;
  /** How many studies; the first n are the same for every count. 1000 if not given. */
  readonly count?: number;
  /** `['PA', 'AP']` if not given. */
  readonly views?: readonly Projection[];
  /** What may be shown: the style's own list if not given (eight for prompts, all for impressions). */
  readonly findings?: readonly FindingKind[];
  /** Short prompts for training from scratch, or impressions as a radiologist writes them. `prompt` if not given. */
  readonly style?: 'prompt' | 'impression';
  /** Share of patients who are children of 2 to 15 years, 0 to 1. 0 if not given. */
  readonly children?: number;
  /** Folder for rendered images; false keeps none. `.cache/phantom` beside the library if not given. */
  readonly cache?: string | false;
}

/** A dataset of phantom studies. */
export interface PhantomDataset extends Dataset {
  readonly population: Population;
  /** The parameters behind record `i`. */
  study(i: number): Study;
  /** The study of the same patient before record `i`; undefined for a patient's first. */
  prior(i: number): Study | undefined;
  /** Images of several records at once, on all processors: [indices.length * size * size], 0..1. Same numbers as `pixels`. */
  batch(indices: ArrayLike<number>, size: number, options?: BatchOptions): Promise<Float32Array>;
}

function checkOptions(options: PhantomOptions): { population: Population; count: number } {
  const { seed = 0, count = 1000, views = ['PA', 'AP'], style = 'prompt', children = 0 } = options;
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`openPhantom: seed: expected an integer >= 0, got ${seed}`);
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`openPhantom: count: expected an integer >= 1, got ${count}`);
  if (style !== 'prompt' && style !== 'impression')
    throw new TypeError(`openPhantom: style: expected 'prompt' or 'impression', got ${String(style)}`);
  if (!(children >= 0 && children <= 1)) throw new RangeError(`openPhantom: children: expected a share from 0 to 1, got ${children}`);
  const wrongView = views.find((v) => !['PA', 'AP', 'LATERAL'].includes(v));
  if (views.length === 0 || wrongView !== undefined)
    throw new TypeError(`openPhantom: views: expected some of PA, AP, LATERAL, got ${wrongView ?? 'none'}`);
  const findings = options.findings ?? (style === 'prompt' ? phantomSettings().prompt.findings : PHANTOM_FINDINGS);
  const wrong = findings.find((f) => !PHANTOM_FINDINGS.includes(f));
  if (wrong !== undefined)
    throw new TypeError(`openPhantom: findings: expected some of ${PHANTOM_FINDINGS.join(', ')}; got ${String(wrong)}`);
  const population = { seed, views: [...views], findings: [...findings], style };
  return { population: children === 0 ? population : { ...population, children }, count }; // without children it names the same images as ever
}

/** Labels and unambiguous sides of a study. A lateral view shows no side. */
function describe(whole: Study, findings: readonly FindingKind[]): Pick<ImageRecord, 'labels' | 'sides'> {
  const study = asShown(whole, phantomSettings().lateral);
  const labels: Record<string, 0 | 1> = {};
  const sides: Record<string, Side> = {};
  for (const kind of findings) {
    const found = study.findings.filter((f) => f.kind === kind);
    labels[kind] = found.length > 0 ? 1 : 0;
    const [first] = found;
    if (found.length === 1 && first!.side && study.view !== 'LATERAL') sides[kind] = first!.side;
  }
  return { labels, sides };
}

/**
 * Synthetic chest radiographs with texts, labels and sides. Deterministic: the same options give the same bytes in every process.
 *
 * @throws RangeError or TypeError for options out of range, naming the option
 */
export function openPhantom(options: PhantomOptions = {}): PhantomDataset {
  const { population, count } = checkOptions(options);
  const roster = makeRoster(population, count);
  const pictures = proceduralImages({
    name: 'phantom',
    render,
    renderer: join(__dirname, 'renderer.js'),
    data: 'phantom.json',
    population,
    count,
    subject: (i): PhantomSubject => [roster.patient[i]!, roster.number[i]!],
    cache: options.cache ?? join(dataFolder, '..', '.cache', 'phantom'),
  });
  const dataset: PhantomDataset = {
    name: 'phantom',
    credit: 'Synthetic thorax phantom of roentgen-lab; not for diagnosis.',
    findings: population.findings,
    length: count,
    population,
    study: (i) => {
      checkIndex(dataset, i);
      return makeStudy(population, roster.patient[i]!, roster.number[i]!);
    },
    prior: (i) => priorStudy(population, dataset.study(i)),
    record: (i) => {
      const study = dataset.study(i);
      return {
        id: `phantom-${population.seed}-${i}`,
        patient: `phantom-${population.seed}-p${study.patient.index}`,
        text: population.style === 'prompt' ? writePrompt(study) : writeImpression(study),
        view: study.view,
        age: study.age,
        sex: study.patient.sex,
        groups: { ...patientGroups(study.patient, study.age) },
        ...describe(study, population.findings),
      };
    },
    ...pictures,
  };
  return dataset;
}
