/** `roentgen pack-model` as a person runs it, and the commands that open what it wrote. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import { readSafetensors } from 'roentgen-lab/files';
import { disposeModel, saveModel } from 'roentgen-lab/pipelines';
import { modelsFolder } from '#files/internal';
import { tinyModel } from '../pipelines/tiny-model';
import { roentgen } from './run';

describe('pack-model', { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-pack-'));
  const run = join(folder, 'anna', 'run');
  const name = `test-packed-${process.pid}`;
  const dropped = join(modelsFolder, `${name}.safetensors`);

  before(async () => {
    await startEngine();
    const m = tinyModel();
    await saveModel(m, join(run, 'model'), { license: 'cc0-1.0', data: `Images of ${folder}/images.` });
    disposeModel(m);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(dropped, { force: true });
  });

  test("a run's folder becomes one file that says what it is and no path; dropped into models/ it is listed and known by its name", async () => {
    mkdirSync(modelsFolder, { recursive: true });
    const { status, stdout, stderr } = await roentgen(['pack-model', run, '--out', dropped]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /\.safetensors: \d+\.\d MB, 0\.1 M parameters as fp16\nsha256 {2}[0-9a-f]{64}\n.*synthetic, not for diagnosis/);
    const header = readFileSync(dropped).toString('utf8', 8, 8 + Number(readFileSync(dropped).readBigUInt64LE(0)));
    const { __metadata__: texts } = JSON.parse(header) as { __metadata__: Record<string, string> };
    assert.match(texts['README.md']!, /synthetic and not for diagnosis[\s\S]*Images of images\./);
    assert.equal(texts.note, 'synthetic, not for diagnosis');
    assert.doesNotMatch(header, new RegExp(`${folder}|anna`));

    const listed = await roentgen(['models', '--json']);
    const { here } = JSON.parse(listed.stdout) as {
      here: { name: string; kind: string; licence: string; width: number; parameters: number }[];
    };
    const entry = here.find((one) => one.name === name)!;
    assert.equal(entry.kind, 'Stable Diffusion, packed');
    assert.equal(entry.licence, 'cc0-1.0');
    assert.equal(entry.width, 16);
    const values = Object.values(await readSafetensors(dropped)).reduce((sum, { data }) => sum + data.length, 0);
    assert.equal(entry.parameters, values);

    const texts2 = join(folder, 'texts.txt');
    writeFileSync(texts2, 'left pleural effusion\n');
    const out = join(folder, 'embeddings.safetensors');
    for (const [model, file] of [
      [name, out],
      [join(run, 'model'), join(folder, 'of-folder.safetensors')],
    ] as const) {
      const encoded = await roentgen(['encode', model, '--texts', texts2, '--max-length', '12', '--out', file]);
      assert.equal(encoded.status, 0, encoded.stderr);
      assert.match(encoded.stdout, /1 texts, 12 tokens each, 16 wide \(CLIP\)/);
    }
    const [a, b] = [(await readSafetensors(out)).context!, (await readSafetensors(join(folder, 'of-folder.safetensors'))).context!];
    assert.ok(
      a.data.every((value, i) => Math.abs(value - b.data[i]!) < 0.02),
      'float16 of the same encoder',
    );
    const drawn = await roentgen(['generate', name, '--prompt', 'no acute process', '--steps', '1', '--out', join(folder, 'drawn')]);
    assert.equal(drawn.status, 0, drawn.stderr);
    assert.equal(JSON.parse(readFileSync(join(folder, 'drawn', 'manifest.json'), 'utf8')).model.folder, basename(dropped));
  });

  test('a damaged file in models/ is listed as one that cannot be used; wrong usage is told', async () => {
    const broken = join(modelsFolder, `${name}-broken.safetensors`);
    mkdirSync(modelsFolder, { recursive: true });
    writeFileSync(broken, 'no model');
    try {
      const { status, stdout } = await roentgen(['models']);
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`${name}-broken cannot be used: .*is not a safetensors file`));
    } finally {
      rmSync(broken);
    }
    for (const [message, ...args] of [
      [/--out: expected a file ending in \.safetensors, got x\.ckpt/, run, '--out', 'x.ckpt'],
      [/no-such: there is no such folder and no model of that name/, 'no-such', '--out', 'x.safetensors'],
      [/'fp8' is invalid\. Allowed choices are fp16, fp32/, run, '--out', 'x.safetensors', '--dtype', 'fp8'],
      [/required option '--out <file>' not specified/, run],
      [/is not the folder of a model: it has no model_index\.json/, folder, '--out', join(folder, 'x.safetensors')],
    ] as const) {
      const { status, stderr } = await roentgen(['pack-model', ...args]);
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
    }
    assert.ok(!existsSync(join(folder, 'x.safetensors')));
  });
});
