/** `roentgen generate` as a person runs it, on a tiny model. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import { readImage, writePng, writeSafetensors } from 'roentgen-lab/files';
import { disposeModel, loadModel, saveImage, saveModel, textToImage } from 'roentgen-lab/pipelines';
import { readPngText } from '#files/internal';
import { hashModel } from '#pipelines/internal';
import { tinyModel } from '../pipelines/tiny-model';
import { roentgen } from './run';

describe('generate', { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-generate-'));
  const model = join(folder, 'model');
  const make = (...args: string[]): ReturnType<typeof roentgen> => roentgen(['generate', model, '--steps', '2', ...args]);
  const refuse = (message: RegExp, ...args: string[]): Promise<void> => refuseAsGiven(message, ...args, '--out', join(folder, 'refused'));
  const refuseAsGiven = async (message: RegExp, ...args: string[]): Promise<void> => {
    const { status, stdout, stderr } = await make(...args);
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

  test('a request without settings gives the same image from a cell and from the shell', async () => {
    const [prompt, out] = ['left pleural effusion', join(folder, 'shell')];
    const { status, stderr } = await roentgen(['generate', model, '--prompt', prompt, '--out', out]);
    assert.equal(status, 0, stderr);
    const loaded = await loadModel(model);
    const [image] = await textToImage(loaded, { prompts: [prompt] });
    disposeModel(loaded);
    const cell = join(folder, 'cell.png');
    await saveImage(cell, image!, await hashModel(model));
    assert.deepEqual(await readPngText(cell), await readPngText(join(out, '0000.png')));
    assert.deepEqual((await readImage(cell)).data, (await readImage(join(out, '0000.png'))).data);
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
    // What was resampled is said, on the screen, in the manifest and in each file; where nothing was, nothing.
    const said = 'start.png, its centre square to 16 x 16 pixels, bicubic; mask.png, its centre square to 16 x 16 pixels, bicubic';
    assert.equal((await readPngText(join(repainted, '0000.png'))).resampled, said);
    assert.equal(JSON.parse(readFileSync(join(repainted, 'manifest.json'), 'utf8')).settings.resampled, said);
    assert.match(second.stderr, /resampled: start\.png, its centre square to 16 x 16/);
    assert.equal((await readPngText(join(changed, '0000.png'))).resampled, undefined);
    assert.doesNotMatch(first.stderr, /resampled/);
  });

  test("another size than the model's own is drawn, not enlarged, and it is said that the model has not learnt it", async () => {
    const out = join(folder, 'larger');
    const { status, stderr } = await make('--prompt', 'no acute process', '--size', '32', '--out', out);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /The model was trained at 16 pixels and draws at 32, which it has not learnt; nothing is resampled/);
    const { width, height, data } = await readImage(join(out, '0000.png'));
    assert.deepEqual([width, height], [32, 32]);
    const loaded = await loadModel(model);
    const [drawn] = await textToImage(loaded, { prompts: ['no acute process'], steps: 2, size: 32 });
    disposeModel(loaded);
    assert.deepEqual(
      [...data],
      [...drawn!.pixels].map((value) => Math.round(255 * value)),
    );
    const own = await make('--prompt', 'no acute process', '--size', '16', '--out', join(folder, 'own'));
    assert.doesNotMatch(own.stderr, /has not learnt/);
  });

  test('a packed file draws the same files as its folder, whole or by its name', async () => {
    const packed = join(folder, 'packed', 'tiny.safetensors');
    const made = await roentgen(['pack-model', model, '--out', packed, '--dtype', 'fp32', '--json']);
    assert.equal(made.status, 0, made.stderr);
    const said = JSON.parse(made.stdout);
    assert.deepEqual(Object.keys(said), ['out', 'bytes', 'parameters', 'dtype', 'sha256']);
    assert.equal(said.bytes, statSync(packed).size);
    assert.equal(said.sha256, await hashModel(packed));
    const [fromFolder, fromFile] = [join(folder, 'of-folder'), join(folder, 'of-file')];
    const args = ['--prompt', 'left pleural effusion', '--steps', '2', '--count', '2'];
    for (const [of, out] of [
      [model, fromFolder],
      [packed, fromFile],
    ] as const) {
      const { status, stderr } = await roentgen(['generate', of, ...args, '--out', out]);
      assert.equal(status, 0, stderr);
    }
    for (const name of ['0000.png', '0001.png'])
      assert.deepEqual((await readImage(join(fromFile, name))).data, (await readImage(join(fromFolder, name))).data);
    assert.equal(JSON.parse(readFileSync(join(fromFile, 'manifest.json'), 'utf8')).model.sha256, said.sha256);
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

  test('parts made by processes of their own, in any order, are merged into the set that one would make', async () => {
    const prompts = ['left pleural effusion', 'no acute process', 'right pneumothorax'].flatMap((prompt) => ['--prompt', prompt]);
    const args = [...prompts, '--count', '2', '--seed', '3'];
    const [whole, out] = [join(folder, 'whole'), join(folder, 'in-parts')];
    assert.equal((await make(...args, '--out', whole)).status, 0);
    const part = (of: string, ...more: string[]) => make(...args, '--out', out, '--shard', of, ...more);
    const merge = () => make(...args, '--out', out, '--merge');
    assert.match((await merge()).stderr, /has no parts to merge; make them with --shard 0\/N/);
    assert.match((await part('3/4')).stdout, /part 3 of 4 is made, 2 pictures; with all of them, --merge/);
    const { status, stderr } = await merge();
    assert.equal(status, 2, stderr);
    assert.match(stderr, /3 of 4 parts are not there; run --shard 0\/4, --shard 1\/4, --shard 2\/4/);
    const others = await Promise.all([part('1/4'), part('0/4')]);
    assert.deepEqual([...others.map(({ status }) => status), (await part('2/4', '--batch', '1')).status], [0, 0, 0]);
    assert.match((await part('1/4')).stdout, /part 1 of 4 is made already/);
    assert.match((await part('1/4', '--seed', '4')).stderr, /1-of-4\.json: is of other pictures: another model, prompts or options/);
    const merged = await merge();
    assert.match(merged.stdout, /6 pictures in .* sheet\.png, manifest\.json; synthetic/, merged.stderr);
    const [one, all] = [whole, out].map((of) => JSON.parse(readFileSync(join(of, 'manifest.json'), 'utf8')));
    for (const name of ['model', 'settings', 'pictures', 'finished', 'note', 'sheet']) assert.deepEqual(all[name], one[name], name);
    for (const name of [...one.pictures.map(({ file }: { file: string }) => file), 'sheet.png']) {
      const [a, b] = await Promise.all([whole, out].map(async (of) => (await readImage(join(of, name))).data));
      assert.ok(a!.length === b!.length && a!.every((value, i) => Math.abs(value - b![i]!) <= 1), name);
    }
    rmSync(join(out, '0004.png'));
    assert.match((await merge()).stderr, /0004\.png: is missing, though its part was made/);
  });
  test('parts without a folder that all know', () =>
    refuseAsGiven(/--shard and --merge need --out FOLDER/, '--prompt', '', '--shard', '0/2'));
  test('a part that is also a merge', () => refuse(/--shard makes a part and --merge none/, '--prompt', '', '--shard', '0/2', '--merge'));
  test('a part beyond the last', () => refuse(/expected I\/N with I from 0 to N - 1/, '--prompt', '', '--shard', '2/2'));

  test('no prompt', () => refuse(/no prompt: give --prompt TEXT or --prompts FILE/));
  test('a CSV without a column', () =>
    refuse(/which column holds the prompts\? --column: id, report/, '--prompts', join(folder, 'prompts.csv')));
  test('a column that is not there', () =>
    refuse(/has no column "text"; its columns are id, report/, '--prompts', join(folder, 'prompts.csv'), '--column', 'text'));
  test('a mask without a picture', () => refuse(/--mask goes with --init-image FILE/, '--prompt', '', '--mask', 'a.png'));
  test('a size that is no whole number of latents', () =>
    refuse(/size: expected a multiple of 2 pixels, got 17/, '--prompt', '', '--size', '17'));
  test('a scheduler that is not known', () => refuse(/magic is not supported; choose one of/, '--prompt', '', '--scheduler', 'magic'));
  test('a picture that is none', () =>
    refuse(/prompts\.csv: is not an image/, '--prompt', '', '--init-image', join(folder, 'prompts.csv')));

  test('adapters and words are added, and the manifest and each picture name them', async () => {
    const adapters = join(folder, 'style:v1.safetensors'); // a colon of its own
    const half = { A: new Float32Array(2 * 8).fill(0.5), B: new Float32Array(8 * 2).fill(0.5) };
    const layer = 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q';
    await writeSafetensors(adapters, {
      [`${layer}.lora_A.weight`]: { shape: [2, 8], data: half.A },
      [`${layer}.lora_B.weight`]: { shape: [8, 2], data: half.B },
    });
    const words = join(folder, 'my-style.safetensors');
    await writeSafetensors(words, { emb_params: { shape: [2, 16], data: new Float32Array(32).fill(0.3) } });
    const prompt = ['--prompt', 'left my-style other'];
    const run = async (name: string, ...args: string[]): Promise<Float64Array> => {
      const out = join(folder, name);
      const { status, stderr } = await make(...prompt, '--out', out, ...args);
      assert.equal(status, 0, stderr);
      return Float64Array.from((await readImage(join(out, '0000.png'))).data);
    };
    const [plain, zero, strong] = [
      await run('add-none'),
      await run('add-zero', '--lora', `${adapters}:0`),
      await run('add-all', '--lora', adapters, '--lora', `${adapters}:2.5`, '--embedding', words, '--embedding', `${words}:other`),
    ];
    assert.deepEqual(zero, plain);
    assert.notDeepEqual(strong, plain);
    const { add_ons: added } = JSON.parse(readFileSync(join(folder, 'add-all', 'manifest.json'), 'utf8'));
    assert.deepEqual(
      added.map(({ file, strength, words: given }: { file: string; strength?: number; words?: string[] }) => [file, strength ?? given]),
      [
        ['style:v1.safetensors', 1],
        ['style:v1.safetensors', 2.5],
        ['my-style.safetensors', ['my-style']],
        ['my-style.safetensors', ['other']],
      ],
    );
    assert.match((await readPngText(join(folder, 'add-all', '0000.png'))).add_ons!, /"strength":2\.5/);
    await refuse(/strength: expected a number such as 0\.8, got "much"/, ...prompt, '--lora', `${adapters}:much`);
    await refuse(
      /the model knows the token my-style already; give the embedding another word/,
      ...prompt,
      '--embedding',
      words,
      '--embedding',
      words,
    );
    await refuse(/no-such\.safetensors: .*no such file/, ...prompt, '--lora', join(folder, 'no-such.safetensors'));
    const wide = join(folder, 'wide.safetensors');
    await writeSafetensors(wide, { emb_params: { shape: [1, 768], data: new Float32Array(768) } });
    await refuse(/expected \[n, 16\], the text encoder's width, got \[1, 768\]/, ...prompt, '--embedding', wide);
  });

  test('a used folder is refused, and so is what cannot fit into memory, before anything is made', async () => {
    const out = join(folder, 'twice');
    assert.equal((await make('--prompt', 'x', '--count', '2', '--out', out)).status, 0);
    const before = readdirSync(out);
    const again = await make('--prompt', 'x', '--out', out);
    assert.equal(again.status, 2);
    assert.match(
      again.stderr,
      /holds 0000\.png, 0001\.png, manifest\.json and 1 others, but not a new set of pictures; nothing was written/,
    );
    assert.deepEqual(readdirSync(out), before);
    for (const size of ['100000', '8192'])
      await refuse(
        /pixels take at least [\d.]+ GiB, and [\d.]+ GiB are free; .*\d+ × \d+ pixels would fit/,
        '--prompt',
        'x',
        '--size',
        size,
      );
  });
});
