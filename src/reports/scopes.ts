/** What the words around a mention make of it: whether the finding is there, may be, is not, or is not spoken of as the image's. */

import { type Match, overlap, width } from './phrases';
import { isMark, type Word } from './words';

/** `likely`: said with reserve that some readers take as there, as in "probable"; `ignored`: a history, a question, a condition. */
export type Certainty = 'present' | 'likely' | 'uncertain' | 'absent' | 'ignored';

/** What a phrase of `data/labeler/scopes.json` does. */
export interface Cue {
  /** `neutral` keeps shorter cues within it from counting; `end` ends scopes. */
  readonly kind: Exclude<Certainty, 'present'> | 'neutral' | 'end';
  /** Words that it speaks of: those that follow, those before, or both. */
  readonly way: 'forward' | 'backward' | 'both';
}

export interface Decision {
  readonly certainty: Certainty;
  /** What decided; undefined where nothing speaks against the mention. */
  readonly cue?: Match<Cue>;
}

/** Which of several that speak of one mention counts: the first of these that is there. */
const WEIGHT: readonly Certainty[] = ['ignored', 'absent', 'uncertain', 'likely'];

/** Of cues that overlap, the longest, so that "no change" is not "no"; ends give way to neutral phrases alone. */
export function settleCues(cues: readonly Match<Cue>[]): Match<Cue>[] {
  const neutral = cues.filter(({ value }) => value.kind === 'neutral');
  const ends = cues.filter(
    (cue) => cue.value.kind === 'end' && !neutral.some((other) => overlap(cue, other) && width(other) >= width(cue)),
  );
  const settled: Match<Cue>[] = [];
  for (const cue of cues.filter(({ value }) => value.kind !== 'end').sort((a, b) => width(b) - width(a) || a.from - b.from)) {
    // One phrase may speak both ways, by two rules.
    const twin = (other: Match<Cue>): boolean => other.from === cue.from && other.to === cue.to && other.value.way !== cue.value.way;
    if (!settled.some((other) => overlap(other, cue) && !twin(other))) settled.push(cue);
  }
  return [...ends, ...settled].sort((a, b) => a.from - b.from);
}

/**
 * Decides on a mention. A forward cue speaks of all that follows up to an end (`;`, `:`, "but" …), a backward one of all before it; of forward cues the nearest
 * counts, since "possible effusion, no pneumothorax" denies the second alone.
 *
 * @param cues settled, in order
 */
export function decide(words: readonly Word[], cues: readonly Match<Cue>[], mention: Pick<Match<unknown>, 'from' | 'to'>): Decision {
  const speaking: Match<Cue>[] = [];
  let forward: Match<Cue> | undefined;
  for (const cue of cues) {
    const { kind, way } = cue.value;
    if (kind === 'neutral' || kind === 'end') continue;
    const within = cue.from >= mention.from && cue.to <= mention.to;
    if (within) speaking.push(cue);
    else if (way !== 'backward' && cue.to <= mention.from && reaches(words, cues, cue.to, mention.from, 'forward')) {
      // "No opacity to suggest pneumonia" is one statement; "no effusion, possible pneumonia" begins another.
      if (forward?.value.kind !== 'absent' || kind === 'absent' || /^(,|and|with)$/.test(words[cue.from - 1]?.raw ?? '')) forward = cue;
    } else if (way !== 'forward' && cue.from >= mention.to && reaches(words, cues, mention.to, cue.from, 'backward')) speaking.push(cue);
  }
  if (forward) speaking.push(forward);
  for (const certainty of WEIGHT) {
    const cue = speaking.find(({ value }) => value.kind === certainty);
    if (cue) return { certainty, cue };
  }
  return { certainty: 'present' };
}

/** Whether nothing between ends a scope of this way; the verb right before a backward cue belongs to it ("is | no longer seen"). */
function reaches(words: readonly Word[], cues: readonly Match<Cue>[], from: number, to: number, way: 'forward' | 'backward'): boolean {
  for (let i = from; i < to; i++) if (isMark(words[i]!) && /[;:]/.test(words[i]!.raw)) return false;
  return !cues.some(
    (cue) =>
      cue.value.kind === 'end' &&
      (cue.value.way === way || cue.value.way === 'both') &&
      cue.from >= from &&
      cue.to <= to &&
      !(way === 'backward' && cue.to === to),
  );
}
