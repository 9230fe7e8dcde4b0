/** Parquet tables, read by hyparquet: any of its compressions. */

import { FileError } from '../files';
import { describeSystemError } from '../files/internal';
import { cellText } from './cell-text';
import type { Row, Table } from './table-rows';

/**
 * Reads a Parquet file as a table of text (`cellText`). Rows are counted from 1. Columns of bytes, such as images within the table, are not read.
 *
 * @param needed columns that the caller will ask for
 * @throws FileError where it cannot be read, is no Parquet file, or a needed column holds bytes
 */
export async function readParquet(path: string, needed: readonly string[]): Promise<Table> {
  // ES modules
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  type Tree = ReturnType<typeof parquetSchema>;
  const isBytes = ({ element, children }: Tree): boolean =>
    children.length > 0
      ? children.some(isBytes)
      : ['BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'].includes(element.type ?? '') &&
        element.converted_type === undefined &&
        element.logical_type === undefined;
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const all = parquetSchema(metadata).children;
    const binary = all.filter(isBytes).map(({ element }) => element.name);
    const inside = needed.find((name) => binary.includes(name));
    if (inside !== undefined)
      throw new FileError(
        path,
        `column ${JSON.stringify(inside)} holds the bytes of images or other files; write these as files, with a column of their paths`,
      );
    const columns = all.map(({ element }) => element.name).filter((name) => !binary.includes(name));
    const objects = columns.length === 0 ? [] : await parquetReadObjects({ file, metadata, compressors, columns });
    const rows = objects.map((object, i): Row => {
      const cells: Record<string, string> = {};
      for (const name of columns) cells[name] = cellText(object[name]);
      return { number: i + 1, cells };
    });
    return { path, columns, rows: rows.filter(({ cells }) => columns.some((name) => cells[name] !== '')) };
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(path, `is not a Parquet file that can be read: ${describeSystemError(error)}`, error);
  }
}
