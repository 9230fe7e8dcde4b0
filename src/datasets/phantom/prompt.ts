/** Short prompts: view, then each finding with grade and side, in a fixed small vocabulary. */

import { type Finding, type FindingKind, PHANTOM_FINDINGS, type Study } from './types';

const SIZE = ['small', 'moderate', 'large'] as const;
const DEGREE = ['mild', 'moderate', 'severe'] as const;

/**
 * How each finding is worded; {side} is empty on a lateral view, where no side can be seen. One wording, so that a small model spends its minutes
 * on what the words mean; the variety of clinical language is in the impressions.
 */
const WORDING: Record<FindingKind, string> = {
  effusion: '{size} {side} pleural effusion',
  pneumothorax: '{size} {side} pneumothorax',
  consolidation: '{side} {lobe} lobe consolidation',
  pneumonia: '{side} {lobe} lobe pneumonia',
  nodule: '{side} {zone} zone nodule',
  cardiomegaly: '{degree} cardiomegaly',
  edema: '{degree} pulmonary edema',
  pacemaker: '{side} pacemaker',
  'endotracheal tube': 'endotracheal tube',
  atelectasis: '{side} basilar atelectasis',
  'pleural thickening': '{side} {apical} pleural thickening',
  'widened mediastinum': 'widened mediastinum',
  'hiatal hernia': '{size} hiatal hernia',
  fracture: '{side} rib fracture',
  hyperinflation: 'hyperinflated lungs',
  'central line': '{side} central line',
  'feeding tube': 'feeding tube',
  'chest tube': '{side} chest tube',
  'sternal wires': 'sternal wires',
};

const NOTHING = 'No acute findings.';

/** One sentence about a finding. */
function sentence(finding: Finding, lateral: boolean): string {
  const slots: Record<string, string> = {
    size: SIZE[finding.grade],
    degree: DEGREE[finding.grade],
    side: lateral ? '' : (finding.side ?? ''),
    lobe: finding.lobe ?? '',
    zone: finding.zone ?? '',
    apical: finding.zone === 'upper' ? 'apical' : '',
  };
  const wording = lateral && finding.kind === 'nodule' ? 'pulmonary nodule' : WORDING[finding.kind];
  const text = wording
    .replace(/\{(\w+)\}/g, (_, name: string) => slots[name]!)
    .replace(/\s+/g, ' ')
    .trim();
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

const VIEW = { PA: 'PA chest radiograph.', AP: 'AP chest radiograph.', LATERAL: 'Lateral chest radiograph.' } as const;

/** A study's prompt, such as `PA chest radiograph. Large right pleural effusion. Mild cardiomegaly.` */
export function writePrompt(study: Study): string {
  const ordered = [...study.findings].sort((a, b) => PHANTOM_FINDINGS.indexOf(a.kind) - PHANTOM_FINDINGS.indexOf(b.kind));
  const sentences = ordered.map((finding) => sentence(finding, study.view === 'LATERAL'));
  return [VIEW[study.view], ...(sentences.length > 0 ? sentences : [NOTHING])].join(' ');
}
