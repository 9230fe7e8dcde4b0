/** Numbers of options, for commander. */

import { InvalidArgumentError } from 'commander';
import type { RowsPart } from '../files';

/** A whole number from `least`. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`expected a whole number from ${least}.`);
    return value;
  };

/** A number from `least` to `most`. */
export const numberIn =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most))
      throw new InvalidArgumentError(`expected a number from ${least} to ${most}.`);
    return value;
  };

/** A port of TCP. */
export function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new InvalidArgumentError('expected a port from 1 to 65535.');
  return port;
}

/** A part of shared work, as I/N. */
export function partOf(text: string): RowsPart {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (count === undefined || Number(index) >= Number(count))
    throw new InvalidArgumentError('expected I/N with I from 0 to N - 1, such as 0/4.');
  return { index: Number(index), count: Number(count) };
}
