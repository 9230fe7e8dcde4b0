/** `roentgen edit` as a person runs it, on a tiny model. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import { readImage, writePng } from 'roentgen-lab/files';
import { disposeModel, saveModel } from 'roentgen-lab/pipelines';
import { readPngText } from '#files/internal';
import { tinyModel } from '../pipelines/tiny-model';
import { roentgen } from './run';

describe('edit', { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-edit-'));
  const image = join(folder, 'prior.png');
  const edit = (model: string, ...args: string[]): ReturnType<typeof roentgen> =>
    roentgen(['edit', join(folder, model), '--steps', '2', ...args]);

  before(async () => {
    await startEngine();
    for (const [name, inChannels] of [
      ['editing', 8],
      ['plain', 4],
    ] as const) {
      const model = tinyModel({ inChannels });
      await saveModel(model, join(folder, name));
      disposeModel(model);
    }
    const grey = (i: number): number => (7 * Math.floor(i / 3)) % 256; // stored as colours, as many are
    await writePng(image, { width: 24, height: 20, channels: 3, data: Uint8Array.from({ length: 24 * 20 * 3 }, (_, i) => grey(i)) });
    await writePng(join(folder, 'photo.png'), {
      width: 24,
      height: 20,
      channels: 3,
      data: Uint8Array.from({ length: 24 * 20 * 3 }, (_, i) => (85 * i) % 256),
    });
    await writePng(join(folder, 'small.png'), { width: 15, height: 40, channels: 1, data: new Uint8Array(600).fill(90) });
    writeFileSync(join(folder, 'broken.png'), 'no image');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('results, prior, sheet and manifest are written; greys stored as colours and another size are brought to what the model takes', async () => {
    const out = join(folder, 'out');
    const texts = ['--text', 'The effusion has resolved.', '--text', 'Larger effusion.'];
    const { status, stdout, stderr } = await edit('editing', '--image', image, ...texts, '--guidance-text', '3', '--out', out, '--json');
    assert.equal(status, 0, stderr);
    assert.match(stderr, /resampled: prior\.png, its centre square to 16 x 16 pixels/);
    assert.deepEqual(readdirSync(out).sort(), ['0000.png', '0001.png', 'manifest.json', 'prior.png', 'sheet.png']);
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
    assert.equal(JSON.parse(stdout).out, out);
    assert.deepEqual([manifest.settings.guidance, manifest.settings.image_guidance], [3, 1.5]);
    assert.match(manifest.resampled, /16 x 16/);
    const { width, height, channels } = await readImage(join(out, '0000.png'));
    assert.deepEqual([width, height, channels], [16, 16, 1]);
    assert.match((await readPngText(join(out, 'prior.png'))).Comment!, /not for diagnosis/);
  });

  test('--region changes only where the text wants to, and shows where that is; --trajectory goes from text to text', async () => {
    const texts = ['--text', 'The effusion has resolved.', '--text', 'Larger effusion.'];
    const within = await edit('editing', '--image', image, ...texts, '--region', '--out', join(folder, 'within'));
    assert.equal(within.status, 0, within.stderr);
    assert.ok(readdirSync(join(folder, 'within')).includes('regions.png'));
    assert.equal(JSON.parse(readFileSync(join(folder, 'within', 'manifest.json'), 'utf8')).region, 0.3);
    const along = await edit('editing', '--image', image, ...texts, '--trajectory', '--region', '0.5', '--out', join(folder, 'along'));
    assert.equal(along.status, 0, along.stderr);
    const { pictures, settings } = JSON.parse(readFileSync(join(folder, 'along', 'manifest.json'), 'utf8'));
    assert.deepEqual([pictures.length, settings.stage], [2, 1]);
    const bytes = (file: string): Buffer => readFileSync(join(folder, 'along', file));
    assert.ok(!bytes('0000.png').equals(bytes('0001.png')));
  });

  test('what can not be worked with ends with 2 and says what to do', async () => {
    const refuse = async (message: RegExp, model: string, ...args: string[]): Promise<void> => {
      const { status, stdout, stderr } = await edit(model, ...args, '--out', join(folder, 'refused'));
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.deepEqual([stdout, status], ['', 2]);
    };
    await refuse(/takes 4 channels; expected 8/, 'plain', '--image', image, '--text', 'Worse.');
    await refuse(/--text is empty: say what changed/, 'editing', '--image', image, '--text', ' ');
    await refuse(
      /--text number 2 is longer than the model reads, 24 tokens, by \d+/,
      'editing',
      '--image',
      image,
      '--text',
      'Worse.',
      '--text',
      'Larger effusion. '.repeat(200),
    );
    await refuse(/photo\.png.* is a picture in colours/, 'editing', '--image', join(folder, 'photo.png'), '--text', 'Worse.');
    await refuse(
      /small\.png.* is 15 x 40 pixels; the model edits images of 16 x 16/,
      'editing',
      '--image',
      join(folder, 'small.png'),
      '--text',
      'Worse.',
    );
    await refuse(/broken\.png/, 'editing', '--image', join(folder, 'broken.png'), '--text', 'Worse.');
    await refuse(/size/, 'editing', '--image', image, '--text', 'Worse.', '--size', '17');
    await refuse(/guidance-image/, 'editing', '--image', image, '--text', 'Worse.', '--guidance-image', '0.5');
  });
});
