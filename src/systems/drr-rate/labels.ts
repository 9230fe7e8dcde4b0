/** The labels of both kinds of images under one set of names, so that a network that learnt one kind can be measured on the other. */

import { CHEXPERT_LABELS, DRR_RATE_LABELS, type FindingKind, type ImageRecord, type Study } from '../../datasets';
import { chexpertLabels } from '../../datasets/internal';

/** Reconstructed from computed tomography, or taken by X-rays. */
export type Domain = 'drr' | 'x-ray';

/** Names of other collections for DRR-RATE's: CheXpert's, and NIH's as the authors' code marks them. */
const SAME: Readonly<Record<string, string>> = {
  'lung lesion': 'lung nodule',
  nodule: 'lung nodule',
  mass: 'lung opacity',
  effusion: 'pleural effusion',
  'pleural thickening': 'pleural other',
};

const ours = (name: string): string => SAME[name.toLowerCase()] ?? name.toLowerCase();

/** Those that DRR-RATE and CheXpert share: what the paper measures by. Lung nodule stands for CheXpert's Lung Lesion. */
export const commonLabels: readonly string[] = [
  'cardiomegaly',
  'atelectasis',
  'lung nodule',
  'lung opacity',
  'pleural effusion',
  'consolidation',
];

const OF_DOMAIN: Readonly<Record<Domain, readonly string[]>> = { drr: DRR_RATE_LABELS.map(ours), 'x-ray': CHEXPERT_LABELS.map(ours) };

/** The labels of a network that learns from these: DRR-RATE's 18, CheXpert's 14, of both the union; or the six that they share. */
export const labelsOfDomains = (domains: readonly Domain[], which: 'all' | 'common'): readonly string[] =>
  which === 'common' ? commonLabels : [...new Set(domains.flatMap((domain) => OF_DOMAIN[domain]))];

/** Labels by name; what is no key is not known. */
export type KnownLabels = Readonly<Record<string, 0 | 1>>;

/** DRR-RATE's labels beside the common ones that the phantom can show, and what of it they are. */
const SHOWN_ON_CT: Readonly<Record<string, readonly FindingKind[]>> = {
  'medical material': ['pacemaker', 'endotracheal tube', 'central line', 'feeding tube', 'chest tube', 'sternal wires'],
  'hiatal hernia': ['hiatal hernia'],
  emphysema: ['hyperinflation'],
  'interlobular septal thickening': ['edema'],
};

/** What a study of the phantom shows, by the labels of a domain. Those of DRR-RATE that it never shows are absent. */
export function phantomLabels(study: Study, domain: Domain): KnownLabels {
  const chexpert = Object.fromEntries(Object.entries(chexpertLabels(study)).map(([name, value]) => [ours(name), value]));
  if (domain === 'x-ray') return chexpert;
  const kinds = study.findings.map(({ kind }) => kind);
  return Object.fromEntries(
    OF_DOMAIN.drr.map((name) => [
      name,
      commonLabels.includes(name) ? chexpert[name]! : kinds.some((kind) => SHOWN_ON_CT[name]?.includes(kind)) ? 1 : 0,
    ]),
  );
}

/**
 * The labels of a collection's record. As the paper's code has it for radiographs, a label of the collection that is uncertain or blank is absent; of reconstructions it is not known.
 *
 * @param all the collection's labels
 */
export function recordLabels(record: Pick<ImageRecord, 'labels'>, domain: Domain, all: readonly string[]): KnownLabels {
  const labels: Record<string, 0 | 1> = {};
  if (domain === 'x-ray') for (const name of all) labels[ours(name)] = 0;
  for (const [name, value] of Object.entries(record.labels)) labels[ours(name)] = labels[ours(name)] === 1 ? 1 : value;
  return labels;
}

/** [images, labels], row-major: 1, 0 or -1 where it is not known. */
export function answersOf(known: readonly KnownLabels[], labels: readonly string[]): Int8Array {
  return Int8Array.from(known.flatMap((image) => labels.map((name) => image[name] ?? -1)));
}
