/** What differs between two sets of settings, in words. */

/** Settings by their names; T is itself, so that an interface will do. */
export type Settings<T> = { readonly [K in keyof T]: string | number };

/**
 * What changed from one set of settings to the next, a line each: numbers and names as `guidance 2 → 4`, of a text of
 * more than four words those that differ.
 *
 * @returns no line where nothing changed
 * @example changes({ seed: 1, prompt: 'left effusion' }, { seed: 1, prompt: 'right effusion' }) // ['left → right']
 */
export function changes<T extends Settings<T>>(before: T, after: T): string[] {
  return (Object.keys(after) as (keyof T & string)[]).flatMap((name) => {
    const [old, value]: (string | number)[] = [before[name], after[name]];
    if (old === value) return [];
    const isLong = [old, value].some((one) => wordsIn(String(one)).length > mostWords);
    return [isLong ? wordChange(String(old), String(value)) : `${name} ${shown(old!)} → ${shown(value!)}`];
  });
}

/** What is longer is a text, not a name. */
const mostWords = 4;
const mostShown = 6;
const wordsIn = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
const shown = (value: string | number): string => (value === '' ? '(empty)' : String(value));

/** The words between what two texts begin and end with in common. */
function wordChange(before: string, after: string): string {
  const [a, b] = [before, after].map(wordsIn);
  const shorter = Math.min(a!.length, b!.length);
  let start = 0;
  while (start < shorter && a![start] === b![start]) start++;
  let end = 0;
  while (end < shorter - start && a![a!.length - 1 - end] === b![b!.length - 1 - end]) end++;
  const [gone, come] = [a, b].map((words) => clipped(words!.slice(start, words!.length - end)));
  if (gone === '') return come === '' ? 'spaces' : `+ ${come}`;
  return come === '' ? `− ${gone}` : `${gone} → ${come}`;
}

function clipped(words: readonly string[]): string {
  return words.length > mostShown ? `${words.slice(0, mostShown).join(' ')} …` : words.join(' ');
}
