/** What differs between two sets of settings, in words. */

/** Settings by their names. */
export type Settings = Readonly<Record<string, string | number>>;

/**
 * What changed from one set of settings to the next, a line each: numbers and names as `guidance 2 → 4`, of a longer text the words that differ.
 *
 * @returns no line where nothing changed
 * @example changes({ seed: 1, prompt: 'left effusion' }, { seed: 1, prompt: 'right effusion' }) // ['left → right']
 */
export function changes(before: Settings, after: Settings): string[] {
  return Object.entries(after).flatMap(([name, value]) => {
    const old = before[name];
    if (old === value) return [];
    const isText = [old, value].some((one) => typeof one === 'string' && /\s/.test(one.trim()));
    return [isText ? wordChange(String(old ?? ''), String(value)) : old === undefined ? `${name} ${value}` : `${name} ${old} → ${value}`];
  });
}

/** The words between what two texts begin and end with in common. */
function wordChange(before: string, after: string): string {
  const [a, b] = [before, after].map((text) => text.split(/\s+/).filter((word) => word !== ''));
  const shorter = Math.min(a!.length, b!.length);
  let start = 0;
  while (start < shorter && a![start] === b![start]) start++;
  let end = 0;
  while (end < shorter - start && a![a!.length - 1 - end] === b![b!.length - 1 - end]) end++;
  const [gone, come] = [a, b].map((words) => clipped(words!.slice(start, words!.length - end)));
  if (gone === '') return come === '' ? 'spaces' : `+ ${come}`;
  return come === '' ? `− ${gone}` : `${gone} → ${come}`;
}

const mostWords = 6;

function clipped(words: readonly string[]): string {
  return words.length > mostWords ? `${words.slice(0, mostWords).join(' ')} …` : words.join(' ');
}
