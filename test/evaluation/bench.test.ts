import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { generatedImages, realImages } from 'roentgen-lab/evaluation';
import { FileError } from 'roentgen-lab/files';
import { noLeaks, tempDir } from '../support';
import { tinyBench } from './tiny-bench';

test(
  'models are named by their runs, have the size of their images, and one that is named twice is evaluated once',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const bench = await tinyBench(folder);
    assert.deepEqual(
      bench.models.map(({ name }) => name),
      ['tiny'],
    );
    assert.equal(bench.size, 16);
    assert.equal(bench.records.length, 24);
    const copy = join(folder, 'copy', 'model');
    await cp(join(folder, 'tiny', 'model'), copy, { recursive: true });
    const model = join(folder, 'tiny', 'model');
    const twice = await tinyBench(folder, { models: [model, copy] });
    assert.equal(twice.models.length, 1, 'the same weights by two names');
    const tokenizer = join(copy, 'tokenizer');
    await writeFile(join(tokenizer, 'other.json'), '{}');
    const two = await tinyBench(folder, { models: [model, copy] });
    assert.deepEqual(
      two.models.map(({ name }) => name),
      ['tiny', 'copy'],
    );
  }),
);

test(
  'a folder that is no model, has no tokenizer or makes images of another size is refused by its name',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    await tinyBench(folder);
    const model = join(folder, 'tiny', 'model');
    await assert.rejects(tinyBench(folder, { models: [join(folder, 'nothing')] }), /nothing/);
    const other = join(folder, 'other');
    await cp(model, other, { recursive: true });
    const config = join(other, 'unet', 'config.json');
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replace(/"sample_size": 8/, '"sample_size": 16'));
    await assert.rejects(tinyBench(folder, { models: [model, other] }), /images of 16 and 32 pixels; evaluate models of one size together/);
    await rm(join(other, 'tokenizer'), { recursive: true });
    await assert.rejects(
      tinyBench(folder, { models: [other] }),
      (error: unknown) => error instanceof FileError && /tokenizer/.test(error.message),
    );
  }),
);

test(
  'images are made once for model, texts and seed, and are the same wherever they are made',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    let steps = 0;
    const bench = await tinyBench(folder, { onProgress: (what) => void (what.startsWith('images of tiny') && steps++) });
    const [model] = bench.models;
    const set = await generatedImages(bench, model!);
    assert.deepEqual([set.pixels.length, set.pixels.width, set.records.length], [24, 256, 24]);
    const values = await set.pixels.read([0, 23]);
    assert.ok(values.every((value) => value >= 0 && value <= 1) && new Set(values).size > 50);
    assert.ok(steps > 0);
    steps = 0;
    const again = await generatedImages(bench, model!);
    assert.equal(steps, 0, 'nothing is made again');
    assert.equal(again.pixels.identity, set.pixels.identity);
    const elsewhere = await tinyBench(folder, { out: join(folder, 'elsewhere') });
    assert.deepEqual(await (await generatedImages(elsewhere, model!)).pixels.read([0, 23]), values, 'the same wherever it is made');
    const otherSeed = await tinyBench(folder, { seed: 2 });
    assert.notDeepEqual(await (await generatedImages(otherSeed, model!)).pixels.read([0, 23]), values);
    const four = await generatedImages(bench, model!, { records: bench.records.slice(0, 2), perPrompt: 4 });
    assert.deepEqual([four.pixels.length, four.records[3], four.records[4]], [8, bench.records[0], bench.records[1]]);
    const pixels = await four.pixels.read([0, 1]);
    assert.notDeepEqual(pixels.subarray(0, 256), pixels.subarray(256), 'images of a prompt differ');
  }),
);

test(
  'real images are those of the texts, and of the training part as many',
  noLeaks(async (t) => {
    const bench = await tinyBench(tempDir(t), { prompts: 10 });
    const [real, others] = [await realImages(bench, 'test'), await realImages(bench, 'train')];
    assert.deepEqual([real.pixels.length, others.pixels.length], [10, 10]);
    assert.deepEqual(real.records, bench.records);
    await assert.rejects(async () => real.pixels.read([10]), /expected an integer from 0 to 9/);
  }),
);

test(
  'an interruption keeps the files that are whole; going on makes the rest, to the same values',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const interruption = new AbortController();
    const counted: number[] = [];
    const interrupted = await tinyBench(folder, {
      signal: interruption.signal,
      onProgress: (what, done) => void (what.startsWith('images of tiny') && done > 70 && interruption.abort(new Error('enough'))),
    });
    const many = { perPrompt: 4 };
    await assert.rejects(generatedImages(interrupted, interrupted.models[0]!, many), /enough/);
    const bench = await tinyBench(folder, { onProgress: (what, done) => void (what.startsWith('images of tiny') && counted.push(done)) });
    const set = await generatedImages(bench, bench.models[0]!, many);
    assert.ok(Math.min(...counted) >= 64, `goes on at ${Math.min(...counted)}`);
    const whole = await tinyBench(folder, { out: join(folder, 'whole') });
    assert.deepEqual(await set.pixels.read([3, 95]), await (await generatedImages(whole, whole.models[0]!, many)).pixels.read([3, 95]));
  }),
);
