/** Notebooks whole and at a small size, through the real kernel: time, memory and size of their outputs are bounded. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Cell, readNotebook, runNotebook } from 'roentgen-lab/kernel-client';
import { root } from '../support';
import { missingFor, smallParameters } from './small';

const limits = { cellSeconds: 240, bytes: 3e6, rssMiB: 3000 } as const;

/** The numbers of notebooks whose solutions are run after all else: the blocks of code in their last cell. */
const withSolutions: ReadonlySet<string> = new Set(['05', '07', '08', '09', '10', '11', '12', '13', '14', '15', '16', '17', '18', '19']);

/** The notebook with the solutions of its exercises as cells, and a last one that tells the kernel's largest memory. */
function measured(file: string, folder: string): string {
  const path = join(root, 'notebooks', file);
  const book = JSON.parse(readFileSync(path, 'utf8')) as { cells: { source: string[] }[] };
  const blocks = book.cells
    .at(-1)!
    .source.join('')
    .matchAll(/```ts\n([\s\S]*?)```/g);
  const solutions = withSolutions.has(file.slice(0, 2)) ? Array.from(blocks, ([, code]) => code!) : [];
  for (const [i, source] of [...solutions, 'process.resourceUsage().maxRSS / 1024'].entries()) {
    const cell = { cell_type: 'code', id: `added-${i}`, metadata: {}, source: [source], outputs: [], execution_count: null };
    book.cells.push(cell);
  }
  const copy = join(folder, file);
  writeFileSync(copy, JSON.stringify(book));
  return copy;
}

const shows = (cell: Cell, type: string): boolean => (cell.outputs ?? []).some(({ data }) => data !== undefined && type in data);

/** A test for each of these notebooks. */
export function workshop(files: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-workshop-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let small: Awaited<ReturnType<typeof smallParameters>> = {};
  before(async () => {
    small = await smallParameters(folder);
  });
  for (const file of files) {
    test(`${file} runs, shows what it promises, and keeps within its bounds`, { timeout: 600_000, skip: missingFor(file) }, async () => {
      const output = join(folder, `done-${file}`);
      const parameters = small[file];
      await runNotebook(measured(file, folder), {
        output,
        cwd: join(root, 'notebooks'),
        cellMilliseconds: 1000 * limits.cellSeconds,
        ...(parameters ? { parameters } : {}),
      });
      const bytes = statSync(output).size;
      assert.ok(bytes < limits.bytes, `${bytes} bytes with outputs`);
      const cells = readNotebook(output).cells.filter(({ cell_type }) => cell_type === 'code');
      const rss = Number(cells.at(-1)!.outputs![0]!.data!['text/plain']);
      assert.ok(rss < limits.rssMiB, `${rss.toFixed(0)} MiB`);
      assert.ok(
        cells.some((cell) => shows(cell, 'image/png') || shows(cell, 'application/vnd.jupyter.widget-view+json')),
        'it shows something to look at',
      );
      const noise = cells.flatMap((cell) => (cell.outputs ?? []).filter(({ name }) => name === 'stderr').map(({ text }) => text));
      assert.deepEqual(noise, [], 'no warnings in a notebook that a class runs');
      const results = cells.map((cell) => String(cell.outputs?.at(-1)?.data?.['text/plain']));
      assert.ok(results.some((text) => text.startsWith('The check passes')));
    });
  }
}
