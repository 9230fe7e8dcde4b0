/** Short prompts: view, then each finding with grade and side, in a fixed small vocabulary. */

import { foldIn, key } from '../../engine';
import { type Draws, draws } from './draws';
import type { Finding, FindingKind, Study } from './types';

const SIZE = ['small', 'moderate', 'large'] as const;
const DEGREE = ['mild', 'moderate', 'severe'] as const;

/** Ways to word each finding; {side} is empty on a lateral view, where no side can be seen. */
const WORDING: Record<FindingKind, readonly string[]> = {
  effusion: ['{size} {side} pleural effusion', '{size} {side} pleural effusion', '{size} pleural effusion on the {side}'],
  pneumothorax: ['{size} {side} pneumothorax', '{size} {side} pneumothorax', '{size} pneumothorax on the {side}'],
  consolidation: ['{side} {lobe} lobe consolidation', 'consolidation in the {side} {lobe} lobe'],
  pneumonia: ['{side} {lobe} lobe pneumonia', 'pneumonia in the {side} {lobe} lobe'],
  nodule: ['{side} {zone} zone nodule', 'nodule in the {side} {zone} zone', '{side} {zone} zone nodule is seen'],
  cardiomegaly: ['{degree} cardiomegaly', '{degree} cardiomegaly', 'the heart is enlarged'],
  edema: ['{degree} pulmonary edema', '{degree} interstitial edema'],
  pacemaker: ['{side} pacemaker', '{side} chest wall pacemaker', 'pacemaker on the {side}'],
  'endotracheal tube': ['endotracheal tube in place', 'endotracheal tube is seen', 'intubated patient'],
  atelectasis: ['{side} basilar atelectasis'],
  'pleural thickening': ['{side} {apical} pleural thickening'],
  'widened mediastinum': ['widened mediastinum'],
  'hiatal hernia': ['{size} hiatal hernia'],
  fracture: ['{side} rib fracture'],
  hyperinflation: ['hyperinflated lungs'],
  'central line': ['{side} central line in place'],
  'feeding tube': ['feeding tube in place'],
  'chest tube': ['{side} chest tube in place'],
  'sternal wires': ['sternal wires'],
};

const NOTHING = ['No acute findings.', 'Normal chest.', 'The lungs are clear.', 'No acute cardiopulmonary process.'] as const;

/** One sentence about a finding. */
function sentence(finding: Finding, lateral: boolean, random: Draws): string {
  const slots: Record<string, string> = {
    size: SIZE[finding.grade],
    degree: DEGREE[finding.grade],
    side: lateral ? '' : (finding.side ?? ''),
    lobe: finding.lobe ?? '',
    zone: finding.zone ?? '',
    apical: finding.zone === 'upper' ? 'apical' : '',
  };
  const wordings = WORDING[finding.kind].filter((w) => !lateral || !w.includes('the {side}') || w.includes('{lobe}'));
  const text = random.pick(wordings).replace(/\{(\w+)\}/g, (_, name: string) => slots[name]!);
  const tidy = (lateral && finding.kind === 'nodule' ? 'pulmonary nodule' : text).replace(/\s+/g, ' ').trim();
  return `${tidy[0]!.toUpperCase()}${tidy.slice(1)}.`;
}

const VIEW = { PA: 'PA chest radiograph.', AP: 'AP chest radiograph.', LATERAL: 'Lateral chest radiograph.' } as const;

function shuffled<T>(list: readonly T[], random: Draws): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform(0, i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** A study's prompt, such as `PA chest radiograph. Large right pleural effusion. Mild cardiomegaly.` */
export function writePrompt(study: Study): string {
  const random = draws(foldIn(key(study.detail), 3));
  const sentences = shuffled(study.findings, random).map((f) => sentence(f, study.view === 'LATERAL', random));
  if (sentences.length === 0) sentences.push(random.pick(NOTHING));
  return [VIEW[study.view], ...sentences].join(' ');
}
