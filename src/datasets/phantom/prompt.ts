/** Short prompts: view, then each finding with grade and side, in a fixed small vocabulary. */

import { asShown } from './place';
import { markedSentence, mentionOf, plain, words } from './report/markup';
import { phantomSettings } from './settings';
import { type Finding, type FindingKind, PHANTOM_FINDINGS, type Study } from './types';

const SIZE = ['small', 'moderate', 'large'] as const;
const DEGREE = ['mild', 'moderate', 'severe'] as const;

/**
 * How each finding is worded; {side} is empty on a lateral view, where no side can be seen. One wording, so that a small model spends its minutes
 * on what the words mean; the variety of clinical language is in the impressions.
 */
const WORDING: Record<FindingKind, string> = {
  effusion: '{size} {side} [a pleural] [o effusion]',
  pneumothorax: '{size} {side} [o pneumothorax]',
  consolidation: '{side} {lobe} [a lobe] [o consolidation]',
  pneumonia: '{side} {lobe} [a lobe] [o pneumonia]',
  nodule: '{side} {zone} [a zone] [o nodule]',
  cardiomegaly: '{degree} [o cardiomegaly]',
  edema: '{degree} [a pulmonary] [o edema]',
  pacemaker: '{side} [o pacemaker]',
  'endotracheal tube': '[o endotracheal tube]',
  atelectasis: '{side} [a basilar] [o atelectasis]',
  'pleural thickening': '{side} {apical} [a pleural] [o thickening]',
  'widened mediastinum': '[o widened] [a mediastinum]',
  'hiatal hernia': '{size} [a hiatal] [o hernia]',
  fracture: '{side} [a rib] [o fracture]',
  hyperinflation: '[o hyperinflated] [a lungs]',
  'central line': '{side} [o central line]',
  'feeding tube': '[o feeding tube]',
  'chest tube': '{side} [o chest tube]',
  'sternal wires': '[a sternal] [o wires]',
};

const NOTHING = 'No <!:[m acute] [o findings]>.';

/** One marked sentence about a finding. */
function sentence(finding: Finding, lateral: boolean): string {
  const slots: Record<string, string> = {
    size: words('m', SIZE[finding.grade]),
    degree: words('m', DEGREE[finding.grade]),
    side: words('b', lateral ? '' : (finding.side ?? '')),
    lobe: words('b', finding.lobe ?? ''),
    zone: words('b', finding.zone ?? ''),
    apical: words('b', finding.zone === 'upper' ? 'apical' : ''),
  };
  const wording = lateral && finding.kind === 'nodule' ? '[a pulmonary] [o nodule]' : WORDING[finding.kind];
  const text = wording
    .replace(/\{(\w+)\}/g, (_, name: string) => slots[name]!)
    .replace(/\s+/g, ' ')
    .trim();
  return markedSentence(mentionOf(finding.kind, text));
}

const VIEW = { PA: 'PA chest radiograph.', AP: 'AP chest radiograph.', LATERAL: 'Lateral chest radiograph.' } as const;

/** A study's prompt as marked sentences (`report/markup.ts`). */
export function promptSentences(whole: Study): string[] {
  const study = asShown(whole, phantomSettings().lateral);
  const ordered = [...study.findings].sort((a, b) => PHANTOM_FINDINGS.indexOf(a.kind) - PHANTOM_FINDINGS.indexOf(b.kind));
  const sentences = ordered.map((finding) => sentence(finding, study.view === 'LATERAL'));
  return [VIEW[study.view], ...(sentences.length > 0 ? sentences : [NOTHING])];
}

/** A study's prompt, such as `PA chest radiograph. Large right pleural effusion. Mild cardiomegaly.` */
export function writePrompt(study: Study): string {
  return plain(promptSentences(study).join(' '));
}
