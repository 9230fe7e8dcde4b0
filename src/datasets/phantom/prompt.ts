/** Short prompts: view, then each finding with grade and side, in a fixed small vocabulary. */

import { foldIn, key } from '../../engine';
import { type Draws, draws } from './draws';
import type { Finding, Study } from './types';

const SIZE = ['Small', 'Moderate', 'Large'] as const;
const DEGREE = ['Mild', 'Moderate', 'Severe'] as const;

/** One sentence about a finding. On a lateral view the side cannot be seen and is not named. */
function sentence(finding: Finding, lateral: boolean): string {
  const side = finding.side && !lateral ? `${finding.side} ` : '';
  const size = SIZE[finding.grade];
  const degree = DEGREE[finding.grade];
  const begin = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;
  switch (finding.kind) {
    case 'effusion':
      return begin(`${size} ${side}pleural effusion`);
    case 'pneumothorax':
      return begin(`${size} ${side}pneumothorax`);
    case 'consolidation':
      return begin(`${side}${finding.lobe} lobe consolidation`);
    case 'pneumonia':
      return begin(`${side}${finding.lobe} lobe pneumonia`);
    case 'nodule':
      return lateral ? 'Pulmonary nodule.' : begin(`${side}${finding.zone} zone nodule`);
    case 'cardiomegaly':
      return begin(`${degree} cardiomegaly`);
    case 'edema':
      return begin(`${degree} pulmonary edema`);
    case 'pacemaker':
      return begin(`${side}pacemaker`);
    case 'endotracheal tube':
      return 'Endotracheal tube in place.';
    case 'atelectasis':
      return begin(`${side}basilar atelectasis`);
    case 'pleural thickening':
      return begin(`${side}${finding.zone === 'upper' ? 'apical ' : ''}pleural thickening`);
    case 'widened mediastinum':
      return 'Widened mediastinum.';
    case 'hiatal hernia':
      return begin(`${size} hiatal hernia`);
    case 'fracture':
      return begin(`${side}rib fracture`);
    case 'hyperinflation':
      return 'Hyperinflated lungs.';
    case 'central line':
      return begin(`${side}central line in place`);
    case 'feeding tube':
      return 'Feeding tube in place.';
    case 'chest tube':
      return begin(`${side}chest tube in place`);
    case 'sternal wires':
      return 'Sternal wires.';
  }
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
  const sentences = shuffled(study.findings, random).map((f) => sentence(f, study.view === 'LATERAL'));
  if (sentences.length === 0) sentences.push('No acute findings.');
  return [VIEW[study.view], ...sentences].join(' ');
}
