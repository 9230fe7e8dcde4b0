/** What changed, in words, where nothing but labels is known: a template over both lists. */

import type { ImageRecord } from '../../../datasets';

type Labels = ImageRecord['labels'];

/** A diagnosis in running text: abbreviations are as they are written. */
const spoken = (name: string): string =>
  name
    .replace(/\bcovid-19\b/g, 'COVID-19')
    .replace(/\bards\b/g, 'ARDS')
    .replace(/\bsars\b/g, 'SARS');

const listed = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : names.join('');

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

/**
 * `New effusion. Edema and nodule have resolved. Unchanged cardiomegaly.` Labels that either study leaves open are not spoken of.
 *
 * @returns never empty: `No change.` where nothing was there and nothing is
 */
export function progressionOfLabels(before: Labels, after: Labels): string {
  const known = Object.keys(after).filter((name) => name in before);
  const of = (then: 0 | 1, now: 0 | 1): string[] => known.filter((name) => before[name] === then && after[name] === now).map(spoken);
  const [fresh, gone, same] = [of(0, 1), of(1, 0), of(1, 1)];
  const sentences = [
    ...(fresh.length > 0 ? [`new ${listed(fresh)}`] : []),
    ...(gone.length > 0 ? [`${listed(gone)} ${gone.length > 1 ? 'have' : 'has'} resolved`] : []),
    ...(same.length > 0 ? [`unchanged ${listed(same)}`] : []),
  ];
  return sentences.length > 0 ? sentences.map(sentence).join(' ') : 'No change.';
}
