/** Prompts from files. */

import { readTable } from '../datasets/internal';
import { FileError, readText } from '../files';
import { UsageError } from './context';

/**
 * Prompts of a text file, a line each (empty lines are passed over), or of a column of a table (`readTable`).
 *
 * @throws FileError where the file cannot be read or holds no prompt; UsageError where a table's column is not named
 */
export async function readPrompts(path: string, column: string | undefined): Promise<string[]> {
  const isTable = column !== undefined || /\.(csv|tsv|jsonl|ndjson|parquet)(\.gz)?$/i.test(path);
  const prompts = isTable ? await readColumn(path, column) : (await readText(path)).split(/\r?\n/);
  const nonEmpty = prompts.map((prompt) => prompt.trim()).filter((prompt) => prompt !== '');
  if (nonEmpty.length === 0) throw new FileError(path, 'holds no prompt');
  return nonEmpty;
}

async function readColumn(path: string, column: string | undefined): Promise<string[]> {
  const { columns, rows } = await readTable(path, column === undefined ? [] : [column]);
  if (column === undefined) throw new UsageError(`${path}: which column holds the prompts? --column: ${columns.join(', ')}`);
  return rows.map(({ cells }) => cells[column]!);
}
