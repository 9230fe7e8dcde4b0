/** Values of options of single evaluations, for commander. */

import { InvalidArgumentError } from 'commander';

/** Names with commas between them. */
export function recipesOption(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === '')) throw new InvalidArgumentError('expected names with commas between them.');
  return names;
}

/** Whole numbers from 1, rising. */
export function risingNumbers(text: string): readonly number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.some((n, i) => !Number.isSafeInteger(n) || n < 1 || (i > 0 && n <= numbers[i - 1]!)))
    throw new InvalidArgumentError('expected rising whole numbers with commas between them.');
  return numbers;
}
