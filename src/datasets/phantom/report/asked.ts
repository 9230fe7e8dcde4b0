/** What a study's short prompt (`writePrompt`) says, as data: which of its findings' attributes the words give. */

import { asShown } from '../place';
import { phantomSettings } from '../settings';
import type { Finding, FindingKind, Grade, Lobe, Side, Study, Zone } from '../types';

/** A finding as a prompt asks for it; what the words leave open is absent. */
export interface AskedFinding {
  readonly kind: FindingKind;
  readonly side?: Side;
  readonly grade?: Grade;
  readonly zone?: Zone;
  readonly lobe?: Lobe;
}

export type AskedAttribute = Exclude<keyof AskedFinding, 'kind'>;

/** Attributes in the words of each finding; of the others presence alone. */
const WORDED: Partial<Record<FindingKind, readonly AskedAttribute[]>> = {
  effusion: ['side', 'grade'],
  pneumothorax: ['side', 'grade'],
  consolidation: ['side', 'lobe'],
  pneumonia: ['side', 'lobe'],
  nodule: ['side', 'zone'],
  cardiomegaly: ['grade'],
  edema: ['grade'],
  pacemaker: ['side'],
  atelectasis: ['side'],
  'pleural thickening': ['side'],
  'hiatal hernia': ['grade'],
  fracture: ['side'],
  'central line': ['side'],
  'chest tube': ['side'],
};

/** Kinds that are no disease but something put in. */
export const DEVICES: readonly FindingKind[] = [
  'pacemaker',
  'endotracheal tube',
  'central line',
  'feeding tube',
  'chest tube',
  'sternal wires',
];

/** The attributes that prompts give of a kind. */
export function askedAttributes(kind: FindingKind): readonly AskedAttribute[] {
  return WORDED[kind] ?? [];
}

/** The findings that a study's prompt names, with what it says of each. A lateral view has neither sides nor zones. */
export function askedFindings(whole: Study): AskedFinding[] {
  const study = asShown(whole, phantomSettings().lateral);
  return study.findings.map((finding) => {
    const given = askedAttributes(finding.kind).filter((each) => study.view !== 'LATERAL' || (each !== 'side' && each !== 'zone'));
    return { kind: finding.kind, ...Object.fromEntries(given.flatMap((each) => entry(finding, each))) };
  });
}

function entry(finding: Finding, attribute: AskedAttribute): [AskedAttribute, unknown][] {
  const value = finding[attribute];
  return value === undefined ? [] : [[attribute, value]];
}
