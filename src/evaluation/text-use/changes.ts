/** Changes of a text after which it is no longer its image's. */

const OTHER_SIDE: Readonly<Record<string, string>> = { left: 'right', right: 'left' };
const SIDE = /\b(left|right)\b/gi;

/** The text with left and right exchanged; undefined where it names neither. */
export function exchangeSides(text: string): string | undefined {
  const exchanged = text.replace(SIDE, (word) => asWritten(OTHER_SIDE[word.toLowerCase()]!, word));
  return exchanged === text ? undefined : exchanged;
}

/** A word in the capitals of another. */
function asWritten(word: string, like: string): string {
  if (like === like.toUpperCase()) return word.toUpperCase();
  return like[0] === like[0]!.toUpperCase() ? word[0]!.toUpperCase() + word.slice(1) : word;
}

export type Change = 'sides exchanged' | "another's text" | 'no text';

/** The texts under each change, row by row; undefined where a text has nothing to change. */
export function changedTexts(texts: readonly string[]): Readonly<Record<Change, readonly (string | undefined)[]>> {
  return {
    'sides exchanged': texts.map(exchangeSides),
    "another's text": texts.map((text, i) => {
      const other = texts[(i + 1) % texts.length]!;
      return other === text ? undefined : other;
    }),
    'no text': texts.map((text) => (text === '' ? undefined : '')),
  };
}
