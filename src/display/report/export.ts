import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { writeFileAtomic } from '../../files/internal';
import { escapeHtml } from '../escape';
import { highlight } from './highlight';
import { type MarkdownRenderer, markdownRenderer } from './markdown';
import { joined, type Notebook, type NotebookCell, readNotebook } from './notebook';
import { outputsHtml, type PageFigure } from './outputs';
import { pageHtml } from './page';

/** What an exported report holds. */
export interface ReportSummary {
  /** Where the page was written. */
  readonly out: string;
  readonly bytes: number;
  readonly title: string;
  readonly cells: number;
  /** Interactive plots. */
  readonly figures: number;
  /** Outputs of kind error. */
  readonly errors: number;
}

/**
 * Writes a notebook with its outputs as one HTML page that opens without network, server or notebook: interactive plots,
 * pictures, tables and text as they were saved. Scripts in outputs are left out.
 *
 * @param notebook  the .ipynb file, format 4
 * @param out       the page; by default beside the notebook, with .html instead of .ipynb
 * @throws FileError where the notebook cannot be read or the page cannot be written
 */
export async function exportNotebook(notebook: string, out: string = withHtml(notebook)): Promise<ReportSummary> {
  const content = await readNotebook(notebook);
  const { mtime } = await stat(notebook);
  const { html, title, figures } = notebookHtml(content, { name: basename(notebook), folder: dirname(notebook), date: mtime });
  const bytes = Buffer.from(html, 'utf8');
  await writeFileAtomic(out, bytes);
  const errors = content.cells.flatMap(({ outputs = [] }) => outputs).filter(({ output_type }) => output_type === 'error').length;
  return { out, bytes: bytes.length, title, cells: content.cells.length, figures, errors };
}

function withHtml(notebook: string): string {
  return join(dirname(notebook), `${basename(notebook, extname(notebook))}.html`);
}

/**
 * The page as text.
 *
 * @param options.name    of what is shown, such as the notebook's file; what the page is called where there is no first-level heading
 * @param options.folder  where the notebook's pictures lie
 * @param options.date    when it was run
 * @param options.pages   addresses of pages that lie beside this one, such as `fidelity/report.html`: links may lead there
 */
export function notebookHtml(
  notebook: Notebook,
  options: { readonly name: string; readonly folder: string; readonly date: Date; readonly pages?: readonly string[] },
): { html: string; title: string; figures: number } {
  const markdown = markdownRenderer(options.folder, options.pages);
  const figures: PageFigure[] = [];
  const body = notebook.cells.map((cell) => cellHtml(cell, markdown, figures)).join('\n');
  const heading = markdown.headings.find(({ level }) => level === 1);
  const title = heading?.text ?? basename(options.name, '.ipynb');
  const kernel = notebook.metadata?.kernelspec?.display_name;
  const about = [options.name, options.date.toISOString().slice(0, 10), kernel].filter(Boolean).join(' · ');
  const page = heading ? body : `<h1>${escapeHtml(title)}</h1>\n${body}`;
  return { html: pageHtml({ title, about, body: page, headings: markdown.headings, figures }), title, figures: figures.length };
}

function cellHtml(cell: NotebookCell, markdown: MarkdownRenderer, figures: PageFigure[]): string {
  if (cell.cell_type === 'markdown') return `<section class="cell">${markdown.render(cell)}</section>`;
  if (cell.cell_type !== 'code') return `<section class="cell"><pre>${highlight(joined(cell.source))}</pre></section>`;
  const source = joined(cell.source).trimEnd();
  const outputs = outputsHtml(cell.outputs ?? [], markdown, figures);
  if (source === '' && outputs === '') return '';
  const count = cell.execution_count == null ? '' : `<span class="count">[${Number(cell.execution_count)}]</span>`;
  const code = source === '' ? '' : `<div class="code"><pre>${highlight(source)}</pre>${count}</div>`;
  const folded = cell.metadata?.jupyter?.source_hidden === true || cell.metadata?.tags?.includes('hide-input') === true;
  const shown = folded && code !== '' ? `<details><summary>Code</summary>${code}</details>` : code;
  return `<section class="cell">${shown}\n${outputs}</section>`;
}
