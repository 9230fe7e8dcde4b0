/** `roentgen verify`: lists everything in a folder, survives what is broken in it, and counts. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Checker, type Measure, type Row, verify } from 'roentgen-lab/verify';
import { absolute, exact, grad, planVerification, rel, relative, Unsupported } from '#verify/internal';
import { fixtures, tempDir } from '../support';
import { roentgen } from './run';

function folderOf(t: TestContext, files: Record<string, string>): string {
  const folder = tempDir(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

async function rowsOf(folder: string, checkers: readonly Checker[]): Promise<{ rows: Row[]; warnings: string[] }> {
  const warnings: string[] = [];
  const options = { data: [], only: [], signal: new AbortController().signal, warn: (text: string) => warnings.push(text), checkers };
  const rows: Row[] = [];
  for await (const row of verify(folder, await planVerification(folder, options), options)) rows.push(row);
  return { rows, warnings };
}

const checker = (component: string, names: readonly string[], check: (name: string) => Measure[]): Checker => ({
  component,
  cases: async () => names,
  async *check(_folder, name) {
    yield* check(name);
  },
});

test('each kind of case is listed once, by its name', async (t) => {
  const folder = folderOf(t, {
    'README.md': '',
    'generate/gen.py': '',
    'generate/inputs/configs.json': '{}',
    'nets/small/case.json': '{}',
    'nets/large/fixture.safetensors': '',
    'nets/weights/model.safetensors': '',
    'nets/embedding.safetensors': '',
    'steps/cases.json':
      '{"cases": [{"name": "ddim", "file": "ddim.safetensors"}, {"file": "pndm.safetensors"}], "sources": [{"file": "elsewhere/a.png"}]}',
    'steps/ddim.safetensors': '',
    'steps/pndm.safetensors': '',
    'steps/common.safetensors': '',
    'steps/alphas.safetensors': '',
    'steps/configs/ddim.json': '{}',
    'pipe/case.json': '{"runs": {"text": {}, "image": {}}}',
    'fit/plain.json': '{}',
    'fit/plain_after.safetensors': '',
    'fit/plain_snr.json': '{}',
    'pictures/pictures.json': '{"cases": [{"file": "a.png"}]}',
    'pictures/scans/cases.json': '{"synthetic": [{"file": "one.dcm"}]}',
  });
  const planned = await planVerification(folder, { only: [], checkers: [] });
  assert.deepEqual(
    planned.map((p) => `${p.component}/${p.case}`),
    [
      'fit/plain',
      'fit/plain_snr',
      'nets/embedding',
      'nets/large',
      'nets/small',
      'pictures/a',
      'pictures/scans/one',
      'pipe/text',
      'pipe/image',
      'steps/ddim',
      'steps/pndm',
      'steps/alphas',
      'steps/configs',
    ],
  );
  const only = await planVerification(folder, { only: ['steps/d', 'pipe/'], checkers: [] });
  assert.deepEqual(
    only.map((p) => p.case),
    ['text', 'image', 'ddim'],
  );
});

test('every folder is listed, whatever form its cases have', async (t) => {
  const folder = folderOf(t, {
    'generate/gen_all.py': '',
    'generate/inputs/cases.json': '{"cases": [{"name": "no case"}]}',
    'rewards/cases.json': '{"pairs": [{"hypothesis": "a", "reference": "b"}], "mean": 1}',
    'keyed/cases.json': '{"cases": {"one": {}, "two": {}}}',
    'bare/cases.json': '[{"id": "first"}, {"id": "second"}]',
    'deep/family/small/case.json': '{}',
    'deep/family/large/fixture.safetensors': '',
    'images/pair0_fixed.png': '',
    'folders/a/left.png': '',
    'folders/b/left.png': '',
  });
  mkdirSync(join(folder, 'empty'));
  const planned = await planVerification(folder, { only: [], checkers: [] });
  assert.deepEqual(
    planned.map((p) => `${p.component}/${p.case}`),
    [
      'bare/first',
      'bare/second',
      'deep/family/large',
      'deep/family/small',
      'empty/empty',
      'folders/a',
      'folders/b',
      'images/images',
      'keyed/one',
      'keyed/two',
      'rewards/cases',
    ],
  );
  // Nothing of it is checked, so it is listed without an engine.
  const { status, stdout } = await roentgen(['verify', folder]);
  assert.equal(status, 0);
  assert.match(stdout, /0 passed, 0 failed, 11 not yet supported/);
});

test('a case that breaks is a failing row with its message; one that is not supported has no verdict; the rest goes on', async (t) => {
  const folder = folderOf(t, { 'nets/a.json': '{}', 'nets/b.json': '{}', 'nets/c.json': '{}', 'nets/d.json': '{}' });
  const { rows } = await rowsOf(folder, [
    checker('nets', ['a', 'b', 'c'], (name) => {
      if (name === 'a') throw new Error('weights.safetensors: conv_in.weight is missing\nmore');
      if (name === 'b') throw new Unsupported('class FooModel');
      return [rel('output', [1, 2], [1, 2], 1e-6)];
    }),
  ]);
  assert.deepEqual(rows, [
    {
      component: 'nets',
      case: 'a',
      quantity: 'all: weights.safetensors: conv_in.weight is missing',
      error: null,
      tolerance: null,
      pass: false,
    },
    { component: 'nets', case: 'b', quantity: 'all: not yet supported: class FooModel', error: null, tolerance: null, pass: null },
    { component: 'nets', case: 'c', quantity: 'output', error: 0, tolerance: 1e-6, pass: true },
    { component: 'nets', case: 'd', quantity: 'all: not yet supported', error: null, tolerance: null, pass: null },
  ]);
});

test('a checker that cannot list its cases fails, and the folder is listed all the same', async (t) => {
  const folder = folderOf(t, { 'nets/a.json': '{}' });
  const broken: Checker = { ...checker('nets', [], () => []), cases: () => Promise.reject(new Error('cases.json is torn')) };
  const { rows } = await rowsOf(folder, [broken]);
  assert.deepEqual(
    rows.map(({ case: name, pass }) => [name, pass]),
    [
      ['(list of cases)', false],
      ['a', null],
    ],
  );
});

test('a case of which nothing is measured fails', async (t) => {
  const { rows } = await rowsOf(folderOf(t, { 'nets/a.json': '{}' }), [checker('nets', ['a'], () => [])]);
  assert.deepEqual(
    rows.map((row) => [row.pass, row.quantity]),
    [[false, 'all: nothing in the case was measured']],
  );
});

test('the tolerances are those of the fixtures', () => {
  // rel: of max(1, max|want|)
  assert.equal(rel('q', [100.4], [100], 0.004).error, 0.4000000000000057 / 100);
  assert.equal(rel('q', [100.4], [100], 0.0041).pass, true);
  assert.equal(rel('q', [0.2, 0], [0.1, 0], 0.11).pass, true, 'small values are measured absolutely');
  // grad: of the tensor's largest, but of no less than a millionth of the model's largest
  assert.equal(grad('q', [1.1e-3], [1e-3], 0.05, 1).pass, false);
  assert.equal(grad('q', [1.1e-9], [1e-9], 1e-3, 1).pass, true);
  assert.equal(absolute('q', [10.5], [10], 0.5).pass, true);
  assert.equal(relative('q', 10.5, 10, 0.051).pass, true);
  assert.equal(relative('q', 10.6, 10, 0.051).pass, false);
  assert.deepEqual(exact('q', [1, 2, 3], [1, 5]), { quantity: 'q', error: 2, tolerance: 0, pass: false });
  assert.equal(exact('q', ['a', 'b'], ['a', 'b']).pass, true);
  for (const measure of [
    rel('q', [Number.NaN], [1], 1),
    rel('q', [1], [Number.NaN], 1),
    rel('q', [1, 2], [1], 1),
    rel('q', [Infinity], [1], 1),
  ])
    assert.equal(measure.pass, false);
});

test('a folder without fixtures is wrong usage; what is unreadable in one fails', async (t) => {
  const empty = await roentgen(['verify', tempDir(t)]);
  assert.equal(empty.status, 2);
  assert.match(empty.stderr, /no fixture in any sub-folder; expected sub-folders such as/);

  const torn = await roentgen([
    'verify',
    folderOf(t, { 'schedulers/cases.json': '{ torn', 'unet/sd1/case.json': '{ torn', 'novel/thing.json': '{}' }),
    '--json',
  ]);
  assert.equal(torn.status, 1, torn.stderr);
  const { rows, passed, failed, unsupported } = JSON.parse(torn.stdout) as {
    rows: Row[];
    passed: number;
    failed: number;
    unsupported: number;
  };
  assert.deepEqual([passed, failed, unsupported], [0, 2, 1]);
  for (const row of rows) assert.deepEqual(Object.keys(row), ['component', 'case', 'quantity', 'error', 'tolerance', 'pass']);
  for (const row of rows.filter((r) => r.pass === false)) assert.match(row.quantity, /cases?\.json.*not valid JSON/);
});

test('all shared fixtures: none fails, and every folder is listed', { timeout: 900_000 }, async (t) => {
  const folder = fixtures();
  if (!folder) return t.skip('the shared fixtures are missing');
  const { status, stdout, stderr } = await roentgen(['verify', folder, '--json']);
  const { rows, failed } = JSON.parse(stdout) as { rows: Row[]; failed: number };
  assert.deepEqual(
    rows.filter((row) => row.pass === false).map((row) => `${row.component}/${row.case} ${row.quantity}: ${row.error} > ${row.tolerance}`),
    [],
  );
  assert.equal(failed, 0);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '', 'no case leaves tensors behind');
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'generate');
  assert.deepEqual([...new Set(rows.map((row) => row.component))].sort(), folders.map(({ name }) => name).sort());
});

test('Ctrl-C ends it after the case at hand, with 130', async (t) => {
  const folder = fixtures();
  if (!folder) return t.skip('the shared fixtures are missing');
  const { status, stderr } = await roentgen(['verify', folder, '--only', 'schedulers'], { interruptAt: 'schedulers/' });
  assert.equal(status, 130);
  assert.match(stderr, /verify: interrupted after \d+ rows of \d+ cases/);
});
