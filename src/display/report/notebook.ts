import { FileError } from '../../files';
import { readJson } from '../../files/internal';

/** One output of a code cell (nbformat 4.5). */
export interface NotebookOutput {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: Multiline;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly ename?: string;
  readonly evalue?: string;
  readonly traceback?: readonly string[];
}

/** Text as nbformat keeps it: one string, or lines that end with their line breaks. */
export type Multiline = string | readonly string[];

/** A cell of a notebook. */
export interface NotebookCell {
  readonly cell_type: string;
  readonly source: Multiline;
  readonly metadata?: { readonly tags?: readonly string[]; readonly jupyter?: { readonly source_hidden?: boolean } };
  readonly outputs?: readonly NotebookOutput[];
  readonly execution_count?: number | null;
  readonly attachments?: Readonly<Record<string, Readonly<Record<string, Multiline>>>>;
}

/** A notebook file. */
export interface Notebook {
  readonly nbformat: number;
  readonly cells: readonly NotebookCell[];
  readonly metadata?: { readonly kernelspec?: { readonly display_name?: string } };
}

/** A multi-line text of nbformat as one string. */
export function joined(text: unknown): string {
  return Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : '';
}

/**
 * Reads a notebook.
 *
 * @throws FileError where the file is missing, no JSON, or no notebook of format 4
 */
export async function readNotebook(path: string): Promise<Notebook> {
  const value = (await readJson(path)) as Partial<Notebook> | null;
  if (value === null || typeof value !== 'object' || !Array.isArray(value.cells)) {
    throw new FileError(path, 'expected a Jupyter notebook with a list of cells, got other JSON');
  }
  if (value.nbformat !== 4) {
    throw new FileError(
      path,
      `expected notebook format 4, got ${JSON.stringify(value.nbformat)}; open and save it in JupyterLab to convert it`,
    );
  }
  const wrong = value.cells.findIndex((cell) => !isObject(cell) || !(cell.outputs === undefined || isListOf(cell.outputs, isOutput)));
  if (wrong >= 0) throw new FileError(path, `cell ${wrong + 1} is damaged: expected an object whose outputs are those of a notebook`);
  return value as Notebook;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf = (value: unknown, is: (one: unknown) => boolean): boolean => Array.isArray(value) && value.every(is);
const isOutput = (output: unknown): boolean =>
  isObject(output) &&
  (output.data === undefined || isObject(output.data)) &&
  (output.traceback === undefined || isListOf(output.traceback, (line) => typeof line === 'string'));
