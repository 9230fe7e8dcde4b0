import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispose, flatten, key, type Tree } from 'roentgen-lab/engine';
import { rowsOf, writePng } from 'roentgen-lab/files';
import {
  annotatedStudies,
  caseText,
  estimateSeiMemory,
  fitSei,
  indicationText,
  loadSei,
  loadSeiRecipe,
  phantomStudies,
  readSeiAnnotation,
  runParts,
  seiWriter,
  sharedOfCases,
  similarCases,
  studiesVocabulary,
  writeSeiAnnotation,
} from 'roentgen-lab/systems';
import { noLeaks, tempDir } from '../../support';
import { tinyRecipe } from './tiny';

const bytesOf = (params: unknown): Record<string, Uint8Array> =>
  Object.fromEntries(
    Object.entries(flatten(params as Tree)).map(([path, leaf]) => [
      path,
      new Uint8Array((leaf.dataSync() as Float32Array).buffer.slice(0)),
    ]),
  );

test(
  'both stages train, find cases and write; stopped and called again they end with the same bytes, and reloaded they write the same',
  noLeaks(async (t) => {
    const recipe = await tinyRecipe({ alignment: 6, writer: 6 });
    const folder = tempDir(t);
    const data = await phantomStudies(recipe.phantom, { size: recipe.image.size });
    assert.deepEqual([data.annotation.train.length, data.pixels.test.length], [40, 10]);
    assert.ok(data.annotation.train.every(({ core_findings }) => core_findings.length > 0));
    const whole = await fitSei({ recipe, data, key: key(3) }, join(folder, 'whole'));
    const parts = runParts(join(folder, 'partly'));
    const stages: string[] = [];
    const losses: number[] = [];
    const fit = (stopAt: string | undefined) => {
      const stop = new AbortController();
      return fitSei(
        {
          recipe,
          data,
          key: key(3),
          signal: stop.signal,
          onTaken: (stage, { studies, withoutText }) => stages.push(`${stage} ${studies} ${withoutText}`),
          watch: (stage) => ({
            checkpoints: { folder: join(folder, 'partly', stage, 'checkpoints'), identity: 'one', resume: 'always', every: 2 },
            onStep: ({ step, loss }) => {
              losses.push(loss);
              if (stopAt === `${stage} ${step}`) stop.abort();
            },
          }),
        },
        join(folder, 'partly'),
      );
    };
    await assert.rejects(fit('alignment 3'), { name: 'AbortError' });
    assert.ok(!existsSync(parts.alignment), 'nothing is written of a training that was stopped');
    await assert.rejects(fit('writer 3'), { name: 'AbortError' });
    const again = await fit(undefined);
    assert.deepEqual(stages, ['alignment 40 0', 'alignment 40 0', 'writer 40 0', 'writer 40 0']);
    assert.ok(losses.every(Number.isFinite));
    assert.deepEqual(bytesOf(again.writer.params), bytesOf(whole.writer.params));
    assert.deepEqual(again.annotation, whole.annotation);

    // Cases are of the training split and of other studies, and the file holds them.
    const found = await readSeiAnnotation(parts.annotation);
    const train = new Set(found.train.map(({ id }) => id));
    for (const { id, specific_knowledge: cases } of [...found.train, ...found.test]) {
      assert.equal(cases!.sk_ids.length, 3);
      assert.ok(cases!.sk_ids.every((other) => other !== id && train.has(other)));
    }
    const shared = sharedOfCases(found.train, found.test);
    assert.ok(shared.queries > 0 && shared.chance > 0 && shared.chance < 1);

    // The frozen reader of cases is stage 1's.
    const { alignment, writer, history } = await loadSei(join(folder, 'partly'));
    const [aligned, read] = [bytesOf(alignment.params.text_encoder), bytesOf(writer.params.text_encoder_not_inc)];
    assert.deepEqual(read, aligned);
    assert.notDeepEqual(bytesOf(writer.params.text_encoder_inc), aligned);
    assert.deepEqual(bytesOf(writer.params.text_local_not_inc), bytesOf(alignment.params.text_local));
    const [first] = similarCases(history.features, history.features, 1);
    assert.equal(history.cases[first![0]!.row]!.id, found.train[0]!.specific_knowledge!.sk_ids[0]);

    const from = { pixels: data.pixels.test, cases: found.test.map(caseText), indications: found.test.map(indicationText) };
    const writers = [whole.writer, writer].map(seiWriter);
    const [one, other] = [await writers[0]!.write(from), await writers[1]!.write(from)];
    assert.deepEqual(other, one);
    assert.equal(one.texts.length, 10);
    const short = await writers[0]!.write(from, { max_tokens: 2 });
    assert.ok(
      short.texts.every((text) => text.startsWith('there is no evidence') || text.split(' ').length <= 2),
      short.texts.join('|'),
    );
    const bare = await writers[0]!.write({ pixels: data.pixels.test });
    assert.equal(bare.texts.length, 10);
    await assert.rejects(writers[0]!.write({ ...from, cases: ['x'] }), /a case or undefined for each of 10 images, got 1/);
    await assert.rejects(writers[0]!.write(from, { max_tokens: 16 }), /more than the model's 16 positions/);
    for (const each of writers) each.dispose();

    const tokenizer = studiesVocabulary(data.annotation.train, recipe.vocabulary_size, 32);
    const { MiB, parts: needs } = estimateSeiMemory(recipe, tokenizer);
    assert.ok(MiB > 100 && MiB < 2000 && needs.activations > 0, `${MiB} MiB`);
    assert.equal(tokenizer.tokens('heart normal [SEP] no edema').filter((token) => token === '[SEP]').length, 2);
    dispose(whole.writer.params as Tree, again.writer.params as Tree, alignment.params as Tree, writer.params as Tree);
  }),
);

test(
  'studies of an annotation file: images are read from their folder, what is missing is named, and R2Gen alone reads none of the texts',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const tiny = await tinyRecipe({ alignment: 2, writer: 2 });
    const recipe = { ...tiny, writer: { ...tiny.writer, reads: [], begins: 'random' as const, dropout: 0 } };
    const { annotation, pixels } = await phantomStudies({ train: 12, val: 1, test: 2 }, { size: 16 });
    const path = join(folder, 'annotation.json');
    // One study without a text to align with, one without an indication.
    const train = annotation.train.map((study, i) => ({
      ...study,
      ...(i === 0 && { core_findings: [] }),
      ...(i === 1 && { indication_core_findings: [] }),
    }));
    await writeSeiAnnotation(path, { ...annotation, train });
    mkdirSync(join(folder, 'images'));
    for (const split of ['train', 'val', 'test'] as const)
      for (const [i, { image_path }] of annotation[split].entries()) {
        const grey = Uint8Array.from(await pixels[split].read([i]), (value) => Math.round(255 * value));
        await writePng(join(folder, 'images', image_path[0]!), { width: 16, height: 16, channels: 1, data: grey });
      }
    process.chdir(folder); // where decoded pixels are kept
    const data = await annotatedStudies(path, join(folder, 'images'), { size: 16 });
    const [a, b] = [await data.pixels.train.read([3]), await pixels.train.read([3])];
    assert.ok(a.every((value, i) => Math.abs(value - b[i]!) < 1 / 250));
    const taken: string[] = [];
    const options = {
      recipe,
      data,
      key: key(1),
      onTaken: (stage: string, { withoutText }: { withoutText: number }) => taken.push(`${stage} ${withoutText}`),
    };
    const { writer } = await fitSei(options, join(folder, 'run'));
    assert.deepEqual(taken, ['alignment 1', 'writer 0']);
    assert.ok(!Object.keys(writer.params).some((name) => /inc|multi_modal/.test(name)));
    const reports = seiWriter(writer);
    const { texts } = await reports.write({ pixels: rowsOf(await data.pixels.test.read([0]), 256) }, { beams: 1 });
    assert.equal(texts.length, 1);
    reports.dispose();
    dispose(writer.params as Tree);

    writeFileSync(path, readFileSync(path, 'utf8').replace(annotation.test[0]!.image_path[0]!, 'nowhere.png'));
    const opened = (): Promise<unknown> => annotatedStudies(path, join(folder, 'images'), { size: 16 });
    const { id } = annotation.test[0]!;
    await assert.rejects(opened(), new RegExp(`1 of 2 images are missing \\(split test, study "${id}"\\); the first is .*nowhere\\.png`));
    writeFileSync(join(folder, 'images', 'nowhere.png'), 'no image');
    await assert.rejects(opened(), new RegExp(`nowhere\\.png: .*; split test, study "${id}" of annotation\\.json`));
    writeFileSync(path, readFileSync(path, 'utf8').replace('nowhere.png', '../nowhere.png'));
    await assert.rejects(opened(), new RegExp(`split test, study "${id}": its image lies outside the folder`));
    writeFileSync(join(folder, 'recipe.json'), JSON.stringify({ ...tiny, beam: 3 }));
    await assert.rejects(loadSeiRecipe(join(folder, 'recipe.json')), /beam is unknown/);
    await assert.rejects(loadSeiRecipe('nothing'), /no recipe "nothing"; there are/);
    await loadSeiRecipe('phantom');
    await loadSeiRecipe('paper');
  }),
);
