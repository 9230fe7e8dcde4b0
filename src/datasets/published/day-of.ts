/** Days from dates, so that studies have an order and a distance. */

import { FileError } from '../../files';
import type { Row } from '../read-table';

/**
 * Days since 1970 of a date of eight digits, `20150303`; undefined of an empty one.
 *
 * @throws FileError where it is no date, naming row and column
 */
export function dayOf(path: string, { number }: Row, column: string, date: string): number | undefined {
  if (date === '') return undefined;
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6)].map(Number) as [number, number, number];
  const time = new Date(Date.UTC(year, month - 1, day));
  if (!/^\d{8}$/.test(date) || time.getUTCMonth() !== month - 1 || time.getUTCDate() !== day)
    throw new FileError(path, `row ${number}: column ${column}: expected a date of eight digits`);
  return time.getTime() / 86_400_000;
}
