/** `roentgen generate` as a person runs it, on a tiny model. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import { readImage, readPngText, writePng } from 'roentgen-lab/files';
import { disposeModel, hashModel, saveModel } from 'roentgen-lab/pipelines';
import { tinyModel } from '../pipelines/tiny-model';
import { roentgen } from './run';

describe('generate', { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-generate-'));
  const model = join(folder, 'model');
  const make = (...args: string[]): ReturnType<typeof roentgen> => roentgen(['generate', model, '--steps', '2', ...args]);
  const refuse = async (message: RegExp, ...args: string[]): Promise<void> => {
    const { status, stdout, stderr } = await make(...args, '--out', join(folder, 'refused'));
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.equal(stdout, '');
    assert.equal(status, 2);
  };

  before(async () => {
    await startEngine();
    const m = tinyModel();
    await saveModel(m, model);
    disposeModel(m);
    writeFileSync(join(folder, 'prompts.csv'), 'id,report\n1,"left pleural effusion, large"\n2,\n3,no acute process\n');
    writeFileSync(join(folder, 'prompts.txt'), 'right pneumothorax\n\nno acute process\n');
    const grey = (value: (x: number) => number): Uint8Array => Uint8Array.from({ length: 20 * 16 }, (_, i) => value(i % 20));
    await writePng(join(folder, 'start.png'), { width: 20, height: 16, channels: 1, data: grey((x) => 12 * x) });
    await writePng(join(folder, 'mask.png'), { width: 20, height: 16, channels: 1, data: grey((x) => (x < 10 ? 255 : 0)) });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('pictures, sheet and manifest are written, and say what they were made with', async () => {
    const out = join(folder, 'texts');
    const files = ['--prompts', join(folder, 'prompts.csv'), '--column', 'report', '--prompt', 'né'];
    const { status, stdout, stderr } = await make(
      ...files,
      '--count',
      '2',
      '--scheduler',
      'ddim',
      '--seed',
      '9',
      '--batch',
      '4',
      '--json',
      '--out',
      out,
    );
    assert.equal(status, 0, stderr);
    const printed = JSON.parse(stdout);
    assert.deepEqual(readdirSync(out).sort(), [
      '0000.png',
      '0001.png',
      '0002.png',
      '0003.png',
      '0004.png',
      '0005.png',
      'manifest.json',
      'sheet.png',
    ]);
    const { out: where, ...manifest } = printed;
    assert.equal(where, out);
    assert.deepEqual(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')), manifest);
    assert.equal(manifest.note, 'synthetic, not for diagnosis');
    assert.equal(manifest.model.sha256, await hashModel(model));
    assert.deepEqual(
      manifest.pictures.map(({ prompt }: { prompt: string }) => prompt),
      ['né', 'left pleural effusion, large', 'no acute process'].flatMap((prompt) => [prompt, prompt]),
    );
    const text = await readPngText(join(out, '0003.png'));
    assert.equal(text.prompt, 'left pleural effusion, large');
    assert.equal(text.scheduler, 'DDIMScheduler');
    assert.equal(text.index, '3');
    assert.equal(text.model_sha256, manifest.model.sha256);
    assert.equal((await readPngText(join(out, 'sheet.png'))).Comment, 'synthetic, not for diagnosis');
    // The same request makes the same files.
    const again = join(folder, 'again');
    await make(...files, '--count', '2', '--scheduler', 'ddim', '--seed', '9', '--batch', '4', '--out', again);
    for (const name of readdirSync(out).filter((file) => /^\d/.test(file)))
      assert.deepEqual(readFileSync(join(again, name)), readFileSync(join(out, name)), name);
  });

  test('a picture is changed, or repainted where a mask is white', async () => {
    const [changed, repainted] = [join(folder, 'changed'), join(folder, 'repainted')];
    const start = ['--prompts', join(folder, 'prompts.txt'), '--init-image', join(folder, 'start.png')];
    const first = await make(...start, '--strength', '0.5', '--out', changed);
    assert.equal(first.status, 0, first.stderr);
    const { width, height } = await readImage(join(changed, '0001.png'));
    assert.deepEqual([width, height], [20, 16], 'the size of the first picture');
    assert.equal((await readPngText(join(changed, '0001.png'))).strength, '0.5');
    const second = await make(...start, '--mask', join(folder, 'mask.png'), '--size', '16', '--out', repainted);
    assert.equal(second.status, 0, second.stderr);
    assert.equal((await readImage(join(repainted, '0000.png'))).width, 16);
    assert.equal((await readPngText(join(repainted, '0000.png'))).pipeline, 'inpaint');
  });

  test('an interrupt ends within a step and keeps the pictures that are finished', async () => {
    const out = join(folder, 'interrupted');
    const many = Array.from({ length: 3 }, () => ['--prompt', 'no acute process']).flat();
    // Progress goes to standard error, where nothing waits for it; the first picture's file tells that one batch is done.
    const running = roentgen(['generate', model, ...many, '--steps', '400', '--scheduler', 'ddim', '--batch', '1', '--out', out], {
      interruptWhen: () => existsSync(join(out, '0000.png')),
    });
    const { status, stderr } = await running;
    assert.equal(status, 130, stderr);
    assert.match(stderr, /interrupted; [12] finished pictures? kept in /);
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
    assert.equal(manifest.finished, false);
    assert.deepEqual(
      readdirSync(out).filter((name) => /^\d/.test(name)),
      manifest.pictures.map(({ file }: { file: string }) => file),
    );
    for (const { file } of manifest.pictures) await readImage(join(out, file));
  });

  test('no prompt', () => refuse(/no prompt: give --prompt TEXT or --prompts FILE/));
  test('a CSV without a column', () =>
    refuse(/which column holds the prompts\? --column: id, report/, '--prompts', join(folder, 'prompts.csv')));
  test('a column that is not there', () =>
    refuse(/has no column "text"; it has id, report/, '--prompts', join(folder, 'prompts.csv'), '--column', 'text'));
  test('a mask without a picture', () => refuse(/--mask goes with --init-image FILE/, '--prompt', '', '--mask', 'a.png'));
  test('a size that is no whole number of latents', () =>
    refuse(/size: expected a multiple of 2 pixels, got 17/, '--prompt', '', '--size', '17'));
  test('a scheduler that is not known', () => refuse(/magic is not supported; choose one of/, '--prompt', '', '--scheduler', 'magic'));
  test('a picture that is none', () =>
    refuse(/prompts\.csv: is not an image/, '--prompt', '', '--init-image', join(folder, 'prompts.csv')));
});
