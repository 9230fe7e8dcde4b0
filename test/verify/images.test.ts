/** `roentgen verify` of images, DICOM and projections: the shared fixtures, and folders of the same layout. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Row, verify } from 'roentgen-lab/verify';
import { planVerification } from '#verify/internal';
import { fixtures, sharedData, tempDir } from '../support';

async function rowsOf(folder: string, only: readonly string[], data: readonly string[]): Promise<Row[]> {
  const options = { data, only, signal: new AbortController().signal, warn: (text: string) => assert.fail(text) };
  const rows: Row[] = [];
  for await (const row of verify(folder, await planVerification(folder, options), options)) rows.push(row);
  return rows;
}

const shown = (row: Row): string => `${row.component}/${row.case} ${row.quantity}: ${row.error} (${row.tolerance})`;

for (const [component, least] of [['images', 100], ['drr', 15], ['editing', 20]] as const) // biome-ignore format: pairs
  test(`every row of ${component} passes`, async (t) => {
    const folder = fixtures();
    const data = sharedData();
    if (!folder || !data || !fixtures(component)) return t.skip('the shared fixtures or data are missing');
    const rows = await rowsOf(folder, [component], [data]);
    assert.ok(rows.length >= least, `${rows.length} rows`);
    assert.deepEqual(rows.filter(({ pass }) => pass !== true).map(shown), []);
  });

/** A folder with the shared fixture's images, one case changed. */
function changed(t: TestContext, change: (spec: { cases: { file: string; op: string; source: string }[] }) => void): string | undefined {
  const from = fixtures('images');
  if (!from) return undefined;
  const to = join(tempDir(t), 'images');
  mkdirSync(to);
  const spec = JSON.parse(readFileSync(join(from, 'images.json'), 'utf8')) as Parameters<typeof change>[0];
  change(spec);
  writeFileSync(join(to, 'images.json'), JSON.stringify({ sources: [], cases: spec.cases }));
  for (const { file } of spec.cases) copyFileSync(join(from, file), join(to, file));
  return join(to, '..');
}

test('a wrong filter fails, an operation that is not known and a source that is not there are not supported', async (t) => {
  const data = sharedData();
  const folder = changed(t, (spec) => {
    spec.cases = spec.cases.slice(0, 3);
    spec.cases[0]!.op = 'resize to 224x224, Pillow nearest';
    spec.cases[1]!.op = 'a turn by 90 degrees';
    spec.cases[2]!.source = 'nih/none.jpg';
  });
  if (!folder || !data) return t.skip('the shared fixtures or data are missing');
  const rows = await rowsOf(folder, [], [data]);
  assert.deepEqual(rows.map(({ pass }) => pass), [false, null, null]); // biome-ignore format: one case
  assert.match(rows[2]!.quantity, /none\.jpg is in none of the data folders/);
});
