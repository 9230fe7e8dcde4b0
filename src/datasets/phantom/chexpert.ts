/** The 14 labels of CheXpert (Irvin et al. 2019, arXiv:1901.07031), derived from a study's parameters and not from its text. */

import type { FindingKind, Study } from './types';

/** In CheXpert's order. */
export const CHEXPERT_LABELS = [
  'No Finding',
  'Enlarged Cardiomediastinum',
  'Cardiomegaly',
  'Lung Opacity',
  'Lung Lesion',
  'Edema',
  'Consolidation',
  'Pneumonia',
  'Atelectasis',
  'Pneumothorax',
  'Pleural Effusion',
  'Pleural Other',
  'Fracture',
  'Support Devices',
] as const;

export type ChexpertLabel = (typeof CHEXPERT_LABELS)[number];

/** Which findings make a label 1; a label above another in CheXpert's hierarchy holds where that one does. */
const MADE_OF: Record<Exclude<ChexpertLabel, 'No Finding'>, readonly FindingKind[]> = {
  'Enlarged Cardiomediastinum': ['widened mediastinum', 'cardiomegaly'],
  Cardiomegaly: ['cardiomegaly'],
  'Lung Opacity': ['nodule', 'edema', 'consolidation', 'pneumonia', 'atelectasis'],
  'Lung Lesion': ['nodule'],
  Edema: ['edema'],
  Consolidation: ['consolidation', 'pneumonia'],
  Pneumonia: ['pneumonia'],
  Atelectasis: ['atelectasis'],
  Pneumothorax: ['pneumothorax'],
  'Pleural Effusion': ['effusion'],
  'Pleural Other': ['pleural thickening'],
  Fracture: ['fracture'],
  'Support Devices': ['pacemaker', 'endotracheal tube', 'central line', 'feeding tube', 'chest tube', 'sternal wires'],
};

/**
 * The 14 labels of a study. `No Finding` is 1 where no label but `Support Devices` is, as CheXpert defines it
 * (so hiatal hernia and hyperinflation, which have no label, leave it 1).
 */
export function chexpertLabels(study: Study): Record<ChexpertLabel, 0 | 1> {
  const kinds = new Set(study.findings.map((f) => f.kind));
  const out = {} as Record<ChexpertLabel, 0 | 1>;
  for (const label of CHEXPERT_LABELS) if (label !== 'No Finding') out[label] = MADE_OF[label].some((kind) => kinds.has(kind)) ? 1 : 0;
  out['No Finding'] = CHEXPERT_LABELS.every((label) => label === 'No Finding' || label === 'Support Devices' || out[label] === 0) ? 1 : 0;
  return out;
}
