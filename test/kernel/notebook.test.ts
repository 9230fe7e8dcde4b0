import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Cell, NotebookError, type NotebookEvent, readNotebook, runNotebook } from 'roentgen-lab/kernel-client';
import { root, tempDir } from '../support';

function write(folder: string, cells: readonly (readonly [source: string, tag?: string])[], name = 'book.ipynb'): string {
  const path = join(folder, name);
  const code = cells.map(([source, tag], i) => ({
    cell_type: 'code',
    id: `cell-${i}`,
    metadata: tag ? { tags: [tag] } : {},
    source: source.split(/(?<=\n)/),
    outputs: [],
    execution_count: null,
  }));
  const text = { cell_type: 'markdown', id: 'text', metadata: {}, source: ['# Title\n', 'words'] };
  writeFileSync(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [text, ...code] }));
  return path;
}

const texts = (cell: Cell): unknown[] => cell.outputs!.map((output) => output.text ?? output.data ?? output.ename);

test('a notebook runs in its folder, with parameters, live events, updates, and intended errors', async (t: TestContext) => {
  const folder = tempDir(t);
  const path = write(folder, [
    ['const options = { steps: 1, name: "default" };', 'parameters'],
    ["import * as fs from 'node:fs';\nfs.existsSync('book.ipynb') && options.steps"],
    [
      "const show = (globalThis as any)[Symbol.for('roentgen.display')];\nshow.display({ 'text/plain': '0 %' }, { roentgen: { progress: true } }, 'bar');\nshow.update({ 'text/plain': '100 %' }, { roentgen: { progress: true } }, 'bar');",
    ],
    ['console.log("a");\nconsole.log("b");\nthrow new Error("intended")', 'raises-exception'],
    ["show.update({ 'text/plain': 'done' }, {}, 'bar');\nprocess.env.ROENTGEN_TEST"],
  ]);
  const before = readFileSync(path, 'utf8');
  const output = join(folder, 'runs', 'out.ipynb');
  const events: NotebookEvent[] = [];
  const parameters = { steps: 7, name: 'quote " and </script>' };
  const run = await runNotebook(path, { output, parameters, env: { ROENTGEN_TEST: 'passed on' }, onOutput: (event) => events.push(event) });
  assert.equal(run.cells, 5);
  assert.equal(readFileSync(path, 'utf8'), before, 'the notebook itself is not changed');

  const written = readNotebook(output);
  const cells = written.cells.filter((cell) => cell.cell_type === 'code');
  assert.deepEqual(cells.map(texts), [
    [],
    [{ 'text/plain': '7' }],
    [{ 'text/plain': 'done' }],
    [['a\n', 'b\n'], 'Error'],
    [{ 'text/plain': "'passed on'" }],
  ]);
  assert.deepEqual(
    cells.map((cell) => cell.execution_count),
    [1, 2, 3, 4, 5],
  );
  assert.equal(written.metadata.kernelspec.name, 'roentgen');
  assert.equal(written.metadata.language_info.name, 'typescript');
  assert.deepEqual([written.nbformat, written.nbformat_minor], [4, 5]);
  const python = join(root, '.venv', 'bin', 'python');
  if (existsSync(python)) {
    // Jupyter's own opinion of what was written, where Jupyter is installed.
    const check = 'import sys, nbformat; nbformat.validate(nbformat.read(sys.argv[1], as_version=4))';
    execFileSync(python, ['-c', check, output]);
  }

  const displays = events.filter((event) => event.type === 'display' && event.cell === 2);
  assert.deepEqual(
    displays.map((event) => event.type === 'display' && [event.data['text/plain'], event.metadata.roentgen?.progress, event.update]),
    [
      ['0 %', true, false],
      ['100 %', true, true],
    ],
  );
  assert.deepEqual(
    events.filter(({ type }) => type === 'start' || type === 'end').map(({ type, cell }) => `${type} ${cell}`),
    [0, 1, 2, 3, 4].flatMap((cell) => [`start ${cell}`, `end ${cell}`]),
  );
});

test('the first error ends the run; what came before it is written', async (t) => {
  const folder = tempDir(t);
  const path = write(folder, [['console.log("before")'], ['\n\nthrow new RangeError("too big")'], ['console.log("never")']]);
  const output = join(folder, 'out.ipynb');
  await assert.rejects(runNotebook(path, { output }), (error: unknown) => {
    assert.ok(error instanceof NotebookError);
    assert.equal(error.message, `${path}, code cell 2: RangeError: too big`);
    assert.equal(error.cell, 1);
    assert.match(error.traceback.join('\n'), /at cell\[2\]:3:7/);
    return true;
  });
  const [, first, second, third] = readNotebook(output).cells;
  assert.deepEqual(
    [first, second, third].map((cell) => texts(cell!).length),
    [1, 1, 0],
  );
});

test('an aborted run interrupts the cell, lets it save, and writes the notebook', async (t) => {
  const folder = tempDir(t);
  const path = write(folder, [
    [
      "const signal = (globalThis as any)[Symbol.for('roentgen.interrupt')].signal();\nconsole.log('started');\nwhile (!signal.aborted) await new Promise((r) => setTimeout(r, 10));\nawait new Promise((r) => setTimeout(r, 300));\nconsole.log('saved');",
    ],
    ['console.log("never")'],
  ]);
  const output = join(folder, 'out.ipynb');
  const controller = new AbortController();
  const running = runNotebook(path, {
    output,
    signal: controller.signal,
    onOutput(event) {
      if (event.type === 'stream') controller.abort(new Error('stopped by the test'));
    },
  });
  await assert.rejects(running, /stopped by the test/);
  const [, first, second] = readNotebook(output).cells;
  assert.deepEqual(texts(first!), [['started\n', 'saved\n']]);
  assert.deepEqual(texts(second!), []);
});

test('a cell that takes too long is interrupted', async (t) => {
  const path = write(tempDir(t), [['await new Promise(() => {})']]);
  await assert.rejects(runNotebook(path, { cellMilliseconds: 500 }), /code cell 1: ran longer than 0.5 s/);
});

test('a kernel that dies is an error that says so', async (t) => {
  const path = write(tempDir(t), [['process.kill(process.pid, "SIGKILL"); await new Promise(() => {})']]);
  await assert.rejects(runNotebook(path), /code cell 1: the kernel was ended by SIGKILL/);
});

test('bad notebooks and kernels are refused with the reason', async (t) => {
  const folder = tempDir(t);
  const path = write(folder, [['1']]);
  await assert.rejects(runNotebook(path, { parameters: { a: 1 } }), /no code cell is tagged "parameters"/);
  await assert.rejects(runNotebook(path, { kernel: 'no-such-kernel' }), /kernel "no-such-kernel": no kernel.json in .*npm run setup/);
  await assert.rejects(runNotebook(join(folder, 'missing.ipynb')), /missing.ipynb: expected a notebook/);
  const old = join(folder, 'old.ipynb');
  writeFileSync(old, JSON.stringify({ nbformat: 3, worksheets: [] }));
  await assert.rejects(runNotebook(old), /old.ipynb: expected a notebook of nbformat 4, got nbformat 3/);
});
