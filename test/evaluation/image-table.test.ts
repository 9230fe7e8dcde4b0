/** Images with their prompts in a table: written, read, and in the place of a model. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generatedImages, openBench, writeImageTable } from 'roentgen-lab/evaluation';
import { openEvaluated } from '#evaluation/bench';
import { readPngText, readRange } from '#files/internal';
import { noLeaks, tempDir } from '../support';
import { tinyBench } from './tiny-bench';

test(
  "a model's images go out as files with their table, and come back as another model's with the same pixels",
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const bench = await tinyBench(folder, { prompts: 10 });
    const [model] = bench.models;
    const own = await generatedImages(bench, model!);
    const table = await writeImageTable(bench, model!, join(folder, 'given'));
    assert.match(readFileSync(table, 'utf8'), /^prompt,img_savename\n.*,000000\.png\n/);
    const note = await readPngText(join(folder, 'given', '000003.png'));
    assert.deepEqual(note, { Comment: 'synthetic, not for diagnosis', prompt: bench.records[3]!.text });

    const { recipe, out } = bench;
    const options = { data: { data: 'phantom' }, out, recipe, prompts: 10, quick: true } as const;
    const other = await openBench({ ...options, models: [model!.folder], images: [table] });
    assert.deepEqual(
      other.models.map(({ name }) => name),
      ['tiny', 'given'],
    );
    const given = await generatedImages(other, other.models[1]!);
    assert.deepEqual(given.records, own.records);
    const [a, b] = [await readRange(own.pixels, 0, 10), await readRange(given.pixels, 0, 10)];
    assert.ok(
      a.every((value, i) => Math.abs(value - b[i]!) <= 0.5 / 255 + 1e-4),
      '8 bits of what was made',
    );
    assert.notEqual(given.pixels.identity, own.pixels.identity);
    await assert.rejects(openEvaluated(other.models[1]!), /holds images of a model and no weights/);
    await assert.rejects(
      generatedImages(other, other.models[1]!, { perPrompt: 4 }),
      (error: Error) =>
        /lacks 30 of 40 images: expected 4 of each of the 10 prompts/.test(error.message) && !error.message.includes('radiograph'),
    );
    const alone = await openBench({ ...options, models: [], images: [table] });
    assert.equal(alone.size, recipe.size, 'without a model, images are brought to the size of the recipe');

    // Rows may come in any order, and a prompt that is twice there takes its rows in turn.
    const lines = readFileSync(table, 'utf8').trimEnd().split('\n');
    writeFileSync(table, `${[lines[0], ...lines.slice(1).reverse()].join('\n')}\n`);
    const turned = await openBench({ ...options, models: [model!.folder], images: [table] });
    const texts = turned.records.map(({ text }) => text);
    const single = texts.findIndex((text) => texts.indexOf(text) === texts.lastIndexOf(text));
    const again = await readRange((await generatedImages(turned, turned.models[1]!)).pixels, 0, 10);
    const area = bench.size ** 2;
    assert.deepEqual(again.subarray(single * area, (single + 1) * area), b.subarray(single * area, (single + 1) * area));
  }),
);

test(
  'tables that cannot be read are refused by what is wrong',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const bench = await tinyBench(folder, { prompts: 4 });
    const table = await writeImageTable(bench, bench.models[0]!, join(folder, 'given'));
    const open = (): Promise<unknown> =>
      openBench({ models: [], images: [table], data: { data: 'phantom' }, out: bench.out, recipe: bench.recipe, prompts: 4 }).then(
        (opened) => generatedImages(opened, opened.models[0]!),
      );
    const whole = readFileSync(table, 'utf8');
    writeFileSync(table, whole.replace('img_savename', 'file'));
    await assert.rejects(open(), /prompt_INFO\.csv: has no column "img_savename"/);
    writeFileSync(table, whole.replace('000001.png', '../../../../etc/passwd'));
    await assert.rejects(open(), /prompt_INFO\.csv|passwd/);
    writeFileSync(table, whole);
    rmSync(join(folder, 'given', '000001.png'));
    await assert.rejects(open(), /000001\.png/);
    await assert.rejects(writeImageTable(bench, bench.models[0]!, folder), /nothing was written/);
  }),
);
