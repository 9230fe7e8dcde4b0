/** The views of a tree of images: a folder's name, and how the rays go. */

import type { DrrView } from '../../../datasets';

export interface TreeView {
  /** `AP`, `LATERAL`, `PA` or `OBLIQUE_30`. */
  readonly name: string;
  readonly view: DrrView | number;
}

const NAMED: Readonly<Record<string, DrrView>> = { ap: 'ap', pa: 'pa', lateral: 'lateral' };

/**
 * Reads `AP,LATERAL,oblique:30`: views by name, and any others by the degrees that the source goes round the patient, from 0 in front over 90 at the patient's left.
 *
 * @throws RangeError where one is none, or comes twice
 */
export function parseViews(text: string): TreeView[] {
  const views = text.split(',').map((part): TreeView => {
    const word = part.trim().toLowerCase();
    const named = NAMED[word];
    if (named !== undefined) return { name: word.toUpperCase(), view: named };
    const degrees = /^oblique:(-?\d+(?:\.\d+)?)$/.exec(word)?.[1];
    if (degrees === undefined || Math.abs(Number(degrees)) > 360)
      throw new RangeError(
        `views: expected AP, PA, LATERAL or oblique with degrees from -360 to 360, as in AP,oblique:30; got ${part.trim()}`,
      );
    return { name: `OBLIQUE_${Number(degrees)}`, view: Number(degrees) };
  });
  const twice = views.find(({ name }, i) => views.findIndex((other) => other.name === name) < i);
  if (twice) throw new RangeError(`views: ${twice.name} comes twice`);
  return views;
}
