/** What changed between two studies of one patient, in words: from both lists of findings, not from their texts. */

import { foldIn, key } from '../../../engine';
import { type Draws, draws, fill } from '../../procedural';
import { type Grammar, type ProgressionGrammar, reportGrammar } from '../grammar';
import { slots } from '../impression';
import { type Finding, PHANTOM_FINDINGS, type Study, severity } from '../types';
import { type AnnotatedText, annotate } from './annotate';
import { markedSentence, mentionOf, plain, withCertainty } from './markup';

export type ChangeKind = 'new' | 'resolved' | 'larger' | 'smaller' | 'unchanged';

/** What became of one finding. */
export interface Change {
  readonly kind: ChangeKind;
  /** As the later study shows it; as the earlier one did where it resolved. */
  readonly finding: Finding;
}

/** Least difference of severity (0 to 1) that is called larger or smaller; less can hardly be seen. */
export const LEAST_CHANGE = 0.08;

/** What makes two findings of two studies the same one: kind, side and place, and a pacemaker's leads. */
function identity({ kind, side, lobe, zone, grade }: Finding): string {
  return [kind, side, lobe, zone, kind === 'pacemaker' && grade > 0].join('/');
}

/**
 * Compares two studies of a patient.
 *
 * @returns changes first (new, resolved, larger, smaller), then what is unchanged; findings that moved are new in one place and resolved in the other
 */
export function studyChanges(prior: readonly Finding[], later: readonly Finding[]): Change[] {
  const { findings: grammar } = reportGrammar();
  const before = new Map(prior.map((f) => [identity(f), f]));
  const after = new Set(later.map(identity));
  const changes = later.map((finding): Change => {
    const then = before.get(identity(finding));
    if (!then) return { kind: 'new', finding };
    const more = severity(finding) - severity(then);
    // Devices and fractures have no size that a text names.
    const sized = !grammar[finding.kind].device && !['fracture', 'hyperinflation'].includes(finding.kind);
    if (!sized || Math.abs(more) < LEAST_CHANGE) return { kind: 'unchanged', finding };
    return { kind: more > 0 ? 'larger' : 'smaller', finding };
  });
  const gone = prior.filter((f) => !after.has(identity(f))).map((finding): Change => ({ kind: 'resolved', finding }));
  const order: readonly ChangeKind[] = ['new', 'resolved', 'larger', 'smaller', 'unchanged'];
  return [...changes, ...gone].sort(
    (a, b) =>
      order.indexOf(a.kind) - order.indexOf(b.kind) || PHANTOM_FINDINGS.indexOf(a.finding.kind) - PHANTOM_FINDINGS.indexOf(b.finding.kind),
  );
}

/** Which frames word a change. */
function frameOf({ kind, finding }: Change, grammar: Grammar, many: boolean): keyof Omit<ProgressionGrammar, 'names' | 'nothing'> {
  const { device, grade } = grammar.findings[finding.kind];
  const inDegrees = grade === 'degree' || grade === 'heart';
  switch (kind) {
    case 'new':
      return device ? (many ? 'placedMany' : 'placed') : 'new';
    case 'resolved':
      return device ? (many ? 'removedMany' : 'removed') : 'resolved';
    case 'larger':
      return inDegrees ? 'worse' : 'larger';
    case 'smaller':
      return inDegrees ? 'better' : 'smaller';
    default:
      return 'same';
  }
}

/** A finding's name, with side and place; a new one with its grade. */
function nameOf({ kind, finding }: Change, study: Study, grammar: Grammar, random: Draws): string {
  const filled = slots(finding, study, grammar);
  const graded = kind === 'new' && grammar.findings[finding.kind].grade !== 'none';
  const named = mentionOf(finding.kind, fill([`${graded ? '{grade} ' : ''}${grammar.progression.names[finding.kind]}`], filled, random));
  return kind === 'resolved' ? withCertainty(named, 'absent') : named;
}

/**
 * The progression from one frontal study to a later one of the same patient: `New small left pleural effusion. Right pneumothorax has resolved.
 * Unchanged left pacemaker.` What is unchanged shares one sentence. Deterministic: the later study's own randomness.
 *
 * @throws RangeError where one is a lateral view, which shows no sides, or the patients differ
 */
export function writeProgression(prior: Study, study: Study): AnnotatedText {
  if (prior.view === 'LATERAL' || study.view === 'LATERAL')
    throw new RangeError('writeProgression: expected two frontal studies, got a lateral view');
  if (prior.patient.detail !== study.patient.detail) throw new RangeError('writeProgression: expected two studies of one patient');
  const grammar = reportGrammar();
  const { progression } = grammar;
  const random = draws(foldIn(foldIn(key(study.detail), 24), prior.number));
  const changes = studyChanges(prior.findings, study.findings);
  const [unchanged, quiet] = progression.nothing as [string, string];
  if (changes.length === 0) return annotate([markedSentence(fill([quiet], {}, random))]);
  const sentences = changes
    .filter(({ kind }) => kind !== 'unchanged')
    .map((change) => {
      const np = nameOf(change, change.kind === 'resolved' ? prior : study, grammar, random);
      return fill(progression[frameOf(change, grammar, /wires$/.test(plain(np)))], { np }, random);
    });
  const same = changes.filter(({ kind }) => kind === 'unchanged').map((change) => nameOf(change, study, grammar, random));
  if (sentences.length === 0) sentences.push(fill([unchanged], {}, random));
  if (same.length > 0) {
    const np = same.length > 1 ? `${same.slice(0, -1).join(', ')} and ${same.at(-1)}` : same[0]!;
    sentences.push(fill(progression.same, { np }, random));
  }
  return annotate(sentences.map(markedSentence));
}
