/** CheXpert's labels as a labeler should find them in a text: from what is mentioned and how, not from what the study shows. */

import { CHEXPERT_LABELS, type ChexpertLabel } from '../chexpert';
import type { Certainty } from './markup';

export type { ChexpertLabel } from '../chexpert';

/** 1 positive, 0 negative, -1 uncertain, as in the tables of MIMIC-CXR-JPG. */
export type TextLabel = 1 | 0 | -1;

/** A finding as a text mentions it. */
export interface Mention {
  /** The phantom's kind; empty where it is none. */
  readonly kind: string;
  readonly certainty: Certainty;
  /** Named as what an opacity suggests. */
  readonly suggested: boolean;
}

/** The label of each kind's own words. Hiatal hernia and hyperinflation have none. */
const LABEL: Readonly<Record<string, ChexpertLabel>> = {
  effusion: 'Pleural Effusion',
  pneumothorax: 'Pneumothorax',
  consolidation: 'Consolidation',
  nodule: 'Lung Lesion',
  cardiomegaly: 'Cardiomegaly',
  edema: 'Edema',
  pneumonia: 'Pneumonia',
  atelectasis: 'Atelectasis',
  'pleural thickening': 'Pleural Other',
  'widened mediastinum': 'Enlarged Cardiomediastinum',
  fracture: 'Fracture',
  pacemaker: 'Support Devices',
  'endotracheal tube': 'Support Devices',
  'central line': 'Support Devices',
  'feeding tube': 'Support Devices',
  'chest tube': 'Support Devices',
  'sternal wires': 'Support Devices',
};

const VALUE: Record<Certainty, TextLabel> = { present: 1, uncertain: -1, absent: 0 };

/** Which of two mentions of a label counts: a positive one before an uncertain one before a negative one, as in CheXpert's labeler. */
function stronger(a: TextLabel | undefined, b: TextLabel): TextLabel {
  if (a === undefined) return b;
  return ([1, -1, 0] as const).find((value) => a === value || b === value)!;
}

/** Labels of a text's mentions. `No Finding` is 1 where nothing but `Support Devices` is positive or uncertain, and otherwise not mentioned. */
export function labelsOfMentions(mentions: readonly Mention[]): Partial<Record<ChexpertLabel, TextLabel>> {
  const found: Partial<Record<ChexpertLabel, TextLabel>> = {};
  for (const { kind, certainty, suggested } of mentions) {
    const label = LABEL[kind];
    if (label) found[label] = stronger(found[label], VALUE[certainty]);
    if (suggested) found['Lung Opacity'] = stronger(found['Lung Opacity'], VALUE[certainty]);
  }
  const quiet = CHEXPERT_LABELS.every((label) => label === 'Support Devices' || found[label] === undefined || found[label] === 0);
  const out: Partial<Record<ChexpertLabel, TextLabel>> = {};
  for (const label of CHEXPERT_LABELS) {
    const value = label === 'No Finding' ? (quiet ? 1 : undefined) : found[label];
    if (value !== undefined) out[label] = value;
  }
  return out;
}
