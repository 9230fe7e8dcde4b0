/** Notebooks on disk: nbformat 4.5. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Content } from '../launcher/wire';
import type { Output } from './outputs';

/** One cell. */
export interface Cell {
  id: string;
  cell_type: 'code' | 'markdown' | 'raw';
  source: string | string[];
  metadata: Content & { tags?: string[] };
  outputs?: Output[];
  execution_count?: number | null;
}

/** A notebook. */
export interface Notebook {
  cells: Cell[];
  metadata: Content;
  nbformat: number;
  nbformat_minor: number;
}

/**
 * Reads a notebook and lifts it to 4.5 (every cell has an id).
 *
 * @throws Error naming the file where it is missing, no JSON, or no notebook of format 4
 */
export function readNotebook(path: string): Notebook {
  let notebook: Notebook;
  try {
    notebook = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: expected a notebook (JSON): ${(error as Error).message}`);
  }
  if (notebook.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new Error(`${path}: expected a notebook of nbformat 4, got nbformat ${notebook.nbformat}; open and save it in JupyterLab`);
  }
  notebook.nbformat_minor = Math.max(5, notebook.nbformat_minor ?? 0);
  for (const cell of notebook.cells) cell.id ??= randomUUID().slice(0, 8);
  return notebook;
}

/** A cell's text. */
export function sourceOf(cell: Cell): string {
  return Array.isArray(cell.source) ? cell.source.join('') : cell.source;
}

/** Writes a notebook so that a reader never sees half of one. Text is split into lines, as Jupyter does. */
export function writeNotebook(path: string, notebook: Notebook): void {
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: lines(sourceOf(cell)),
    ...(cell.outputs
      ? { outputs: cell.outputs.map((output) => (output.text === undefined ? output : { ...output, text: lines(output.text) })) }
      : {}),
  }));
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify({ ...notebook, cells }, null, 1)}\n`);
  renameSync(temporary, path);
}

function lines(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}
