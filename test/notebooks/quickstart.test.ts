import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPhantom } from 'roentgen-lab/datasets';
import { startEngine } from 'roentgen-lab/engine';
import { writePng } from 'roentgen-lab/files';
import { disposeModel, loadModel, textToImage } from 'roentgen-lab/pipelines';
import { atEnd, root, tempDir } from '../support';
import { quickstart, smallest } from './run-quickstart';

interface Output {
  output_type: string;
  data?: Record<string, unknown>;
}

test('the quickstart notebook runs through the kernel and leaves figures, report, pictures and a model that works', async (t) => {
  const name = 'test-quickstart';
  atEnd(t, () => rmSync(join(root, 'runs', name), { recursive: true, force: true }));
  const { code, stdout, stderr } = await quickstart('--recipe', 'smoke', '--name', name, '--seed', '3', '--json');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /U-Net and text encoder: .*loss/, 'progress with the loss');
  const summary = JSON.parse(stdout) as Record<string, never> & { paths: Record<string, string> };
  for (const figure of [
    'minutes',
    'trainMinutes',
    'peakRssMiB',
    'images',
    'steps',
    'fidBefore',
    'fidAfter',
    'fidReal',
    'sideAccuracy',
    'seed',
  ])
    assert.ok(Number.isFinite(summary[figure]), `${figure} is ${summary[figure]}`);
  for (const table of ['aurocGenerated', 'aurocReal'])
    assert.ok(Object.keys(summary[table]!).length >= 9 && Number.isFinite((summary[table] as { mean?: number } | undefined)?.mean), table);
  const told = summary.toldFromReal as unknown as Record<'generated' | 'real', { value: number; low: number; high: number }>;
  for (const { value, low, high } of Object.values(told)) assert.ok(0 <= low && low <= value && value <= high && high <= 1);
  assert.ok(told.generated.value > told.real.value, 'images of 40 steps are told from real ones, real ones hardly from real ones');
  assert.equal(summary.seed, 3);
  assert.equal(summary.steps, 40);
  assert.match(String(summary.engine), /\d/);

  const { notebook, report, pictures, model } = summary.paths as Record<'notebook' | 'report' | 'pictures' | 'model', string>;
  const cells = (JSON.parse(readFileSync(notebook, 'utf8')) as { cells: { outputs?: Output[] }[] }).cells;
  const outputs = cells.flatMap((cell) => cell.outputs ?? []);
  assert.ok(!outputs.some(({ output_type }) => output_type === 'error'));
  assert.ok(outputs.filter(({ data }) => data && 'image/png' in data).length >= 6, 'pictures');
  assert.ok(
    outputs.some(({ data }) => data && 'application/vnd.plotly.v1+json' in data && 'image/png' in data),
    'plots are interactive and have a picture',
  );
  assert.ok(statSync(notebook).size < 3e6, `the notebook has ${statSync(notebook).size} bytes`);
  const page = readFileSync(report, 'utf8');
  for (const shown of [/Plotly/, /rg-pipeline/, /knowing only the view/, /<summary>Answers<\/summary>/, /Asked for: /])
    assert.match(page, shown);
  assert.match(String(outputs.at(-1)!.data!['text/plain']), /^The check passes/);
  assert.ok(existsSync(join(pictures, 'generated.png')));

  await startEngine();
  const loaded = await loadModel(model);
  const [picture] = await textToImage(loaded, { prompts: [openPhantom({ seed: 2, count: 1 }).record(0).text], steps: 3, guidance: 2 });
  assert.equal(picture!.pixels.length, 64 * 64);
  disposeModel(loaded);
});

test('a folder of images and a CSV of texts goes the same way', async (t) => {
  const name = 'test-folder';
  atEnd(t, () => rmSync(join(root, 'runs', name), { recursive: true, force: true }));
  const folder = tempDir(t);
  const source = openPhantom({ seed: 5, count: 60 });
  await mkdir(join(folder, 'images'));
  const rows = ['file,report,person'];
  for (let i = 0; i < source.length; i++) {
    const data = Uint8Array.from(await source.pixels(i, 64), (value) => Math.round(value * 255));
    await writePng(join(folder, 'images', `${i}.png`), { width: 64, height: 64, channels: 1, data });
    rows.push(`images/${i}.png,"${source.record(i).text}",${source.record(i).patient}`);
  }
  rows.push('images/0.png,nan,nobody');
  await writeFile(join(folder, 'texts.csv'), rows.join('\n'));
  const recipe = join(folder, 'smallest.json');
  await writeFile(recipe, JSON.stringify(smallest));
  const columns = ['--image-column', 'file', '--text-column', 'report', '--patient-column', 'person'];
  const common = ['--data', folder, '--csv', 'texts.csv', '--from-scratch', '--recipe', recipe, '--name', name];
  const { code, stdout, stderr } = await quickstart(...common, ...columns, '--json');
  assert.equal(code, 0, stderr);
  const summary = JSON.parse(stdout) as { images: number; sideAccuracy: number | null; fidAfter: number; notes: string[] };
  assert.deepEqual(summary.notes.slice(0, 1), ['texts.csv: 1 of 61 rows have no text and are left out (row 62).']);
  assert.match(stderr, /texts\.csv: 1 of 61 rows have no text and are left out/);
  assert.ok(summary.images > 30 && summary.images < 60, 'a part of the patients is kept for measuring');
  assert.equal(summary.sideAccuracy, null, 'texts alone have no known sides');
  assert.ok(Number.isFinite(summary.fidAfter));

  const wrong = await quickstart(...common, '--image-column', 'file', '--text-column', 'impression');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /texts\.csv.*impression.*file, report, person/s);
  const missing = await quickstart('--data', join(folder, 'nowhere'));
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /nowhere: there is no such folder/);
});
