/** New findings: kind, side, place, grade. And the rule that whatever is named can be seen: findings that would hide each other move. */

import type { Draws } from '../procedural';
import type { Finding, FindingKind, Grade, Lobe, Projection, Side, Study, Zone } from './types';

/** Findings that lie on one side. */
const SIDED: readonly FindingKind[] = [
  'effusion',
  'pneumothorax',
  'consolidation',
  'nodule',
  'pacemaker',
  'pneumonia',
  'atelectasis',
  'pleural thickening',
  'fracture',
  'central line',
  'chest tube',
];

const OTHER: Record<Side, Side> = { left: 'right', right: 'left' };

function lobes(side: Side): readonly Lobe[] {
  return side === 'right' ? ['upper', 'middle', 'lower'] : ['upper', 'lower'];
}

/** A finding at a random place. */
export function sampleFinding(kind: FindingKind, random: Draws, side?: Side): Finding {
  const where = side ?? (random.chance(0.5) ? 'left' : 'right');
  const grade = random.weighted([0.38, 0.36, 0.26]) as Grade;
  const amount = random.uniform(0, 1);
  const place = [random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1)] as const;
  const lobe = random.pick(lobes(where));
  const zone: Zone = random.pick(['upper', 'mid', 'lower']);
  const detail = Math.floor(random.uniform(0, 2 ** 24));
  const inLobe = kind === 'consolidation' || kind === 'pneumonia';
  return {
    kind,
    grade,
    amount,
    place,
    detail,
    ...(SIDED.includes(kind) ? { side: where } : {}),
    ...(inLobe ? { lobe } : {}),
    ...(kind === 'nodule' ? { zone } : {}),
    ...(kind === 'pleural thickening' ? { zone: zone === 'upper' ? 'upper' : 'lower' } : {}),
  };
}

/** Whether `a`, kept, would hide `b` where it is. */
function hides(a: Finding, b: Finding): boolean {
  const same = a.side === b.side;
  if (a.kind === 'cardiomegaly')
    return b.side === 'left' && ((b.kind === 'nodule' && b.zone === 'lower') || (a.grade > 0 && b.lobe === 'lower'));
  if (a.kind === 'widened mediastinum' || a.kind === 'edema') return false;
  if (!same || !a.side) return false;
  const low = b.lobe === 'lower' || b.lobe === 'middle' || b.zone === 'lower';
  if (a.kind === 'effusion') {
    if (b.kind === 'nodule') return (a.grade > 0 && b.zone === 'lower') || (a.grade === 2 && b.zone === 'mid');
    if (b.kind === 'atelectasis') return true;
    if (b.kind === 'pleural thickening') return b.zone === 'lower';
    return (b.kind === 'consolidation' || b.kind === 'pneumonia') && (a.grade === 2 || (a.grade === 1 && low));
  }
  if (a.kind === 'pneumothorax') return ['nodule', 'consolidation', 'pneumonia', 'pleural thickening', 'atelectasis'].includes(b.kind);
  if (a.kind === 'consolidation' || a.kind === 'pneumonia') {
    if (b.kind === 'consolidation' || b.kind === 'pneumonia') return true;
    if (b.kind === 'atelectasis') return a.lobe !== 'upper';
    return b.kind === 'nodule' && (b.zone === 'mid' || (a.lobe === 'upper') === (b.zone === 'upper'));
  }
  if (a.kind === 'pacemaker') return (b.kind === 'nodule' && b.zone !== 'lower') || b.kind === 'pacemaker';
  if (a.kind === 'atelectasis') return b.kind === 'nodule' && b.zone === 'lower';
  return false;
}

/** Places to try for a finding that would be hidden: elsewhere on its side, then on the other. */
function* alternatives(finding: Finding): Generator<Finding> {
  yield finding;
  const side = finding.side;
  if (!side) return;
  for (const where of [side, OTHER[side]]) {
    if (finding.lobe) for (const lobe of lobes(where)) yield { ...finding, side: where, lobe };
    else if (finding.kind === 'nodule') for (const zone of ['upper', 'mid', 'lower'] as const) yield { ...finding, side: where, zone };
    else yield { ...finding, side: where };
  }
}

/** A study with those of its findings that its view shows: what texts and labels of that image alone may speak of. */
export function asShown(study: Study, lateral: readonly FindingKind[]): Study {
  if (study.view !== 'LATERAL') return study;
  const shown = study.findings.filter((f) => lateral.includes(f.kind) && !isFaint(f));
  return shown.length === study.findings.length ? study : { ...study, findings: shown };
}

/** On a lateral view, where both lungs lie over each other. */
function isFaint(finding: Finding): boolean {
  return finding.kind === 'consolidation' && finding.grade === 0;
}

/** Which findings are placed first; those after them give way. */
const ORDER: readonly FindingKind[] = [
  'cardiomegaly',
  'pneumothorax',
  'effusion',
  'pacemaker',
  'consolidation',
  'pneumonia',
  'pleural thickening',
  'atelectasis',
  'nodule',
];

/**
 * Findings that can all be seen: each later one moves to a place where the earlier ones leave it free, or is left out.
 *
 * @param visible  kinds that the projection shows
 */
export function settle(findings: readonly Finding[], view: Projection, visible: readonly FindingKind[]): Finding[] {
  const rank = (f: Finding): number => (ORDER.includes(f.kind) ? ORDER.indexOf(f.kind) : ORDER.length);
  const kept: Finding[] = [];
  for (const finding of [...findings].sort((a, b) => rank(a) - rank(b))) {
    if (!visible.includes(finding.kind)) continue;
    for (const candidate of alternatives(finding)) {
      const twice = kept.some((k) => k.kind === candidate.kind && k.side === candidate.side);
      if (twice || kept.some((k) => hides(k, candidate) || hides(candidate, k))) continue;
      kept.push(candidate);
      break;
    }
  }
  return view === 'LATERAL' ? kept.filter((f) => !isFaint(f)) : kept;
}
