/** Prompts from files. */

import { parse } from 'csv-parse/sync';
import { FileError, readText } from '../files';
import { UsageError } from './context';

/**
 * Prompts of a text file, a line each (empty lines are passed over), or of a column of a CSV file with a header.
 *
 * @throws FileError where the file cannot be read or holds no prompt; UsageError where a CSV's column is not named
 */
export async function readPrompts(path: string, column: string | undefined): Promise<string[]> {
  const text = await readText(path);
  const prompts = column === undefined && !/\.csv$/i.test(path) ? text.split(/\r?\n/) : readColumn(path, text, column);
  const nonEmpty = prompts.map((prompt) => prompt.trim()).filter((prompt) => prompt !== '');
  if (nonEmpty.length === 0) throw new FileError(path, 'holds no prompt');
  return nonEmpty;
}

function readColumn(path: string, text: string, column: string | undefined): string[] {
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { columns: true, skip_empty_lines: true });
  } catch (error) {
    const reason = (error as Error).message.replace(/, value is .*$/s, ''); // a text has no place in a log
    throw new FileError(path, `is no CSV file with a header: ${reason}`, error);
  }
  const columns = Object.keys(rows[0] ?? {});
  if (column === undefined) throw new UsageError(`${path}: which column holds the prompts? --column: ${columns.join(', ')}`);
  if (!columns.includes(column)) throw new FileError(path, `has no column "${column}"; it has ${columns.join(', ')}`);
  return rows.map((row) => row[column]!);
}
