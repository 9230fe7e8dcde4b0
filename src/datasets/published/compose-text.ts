/** Texts for images of collections without reports, composed from what their tables say. */

import type { ImageRecord } from '../dataset';

type Facts = Pick<ImageRecord, 'view' | 'age' | 'sex'>;

/** "PA chest X-ray of a 58-year-old man. Cardiomegaly, effusion." */
export function composeText(findings: readonly string[], { view, age, sex }: Facts): string {
  const list = findings.length > 0 ? findings.join(', ') : 'no finding';
  const capital = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;
  return capital(`${view ? `${view} ` : ''}chest X-ray of ${person(age, sex)}. ${capital(list)}.`);
}

function person(age: number | undefined, sex: 'M' | 'F' | undefined): string {
  const child = age !== undefined && age < 18;
  const who = sex === 'M' ? (child ? 'boy' : 'man') : sex === 'F' ? (child ? 'girl' : 'woman') : 'patient';
  if (age === undefined) return `a ${who}`;
  if (age === 0) return sex ? `a baby ${who}` : 'a baby';
  const spokenWithVowel = age === 8 || age === 11 || age === 18 || (age >= 80 && age < 90);
  return `${spokenWithVowel ? 'an' : 'a'} ${age}-year-old ${who}`;
}
