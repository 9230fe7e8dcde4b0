/** What a text encoder says linearly: the probe, its measures, and the evaluation as a whole. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { key, normal, startEngine } from 'roentgen-lab/engine';
import { evaluateDistillation } from 'roentgen-lab/evaluation';
import { disposeModel, loadModel, textEncoderOf } from 'roentgen-lab/pipelines';
import { layersOf, sideBySide } from '#evaluation/distillation/layers';
import { f1Change, f1Of, f1OfAlways, f1OfSeeds, measurable, probe, probeSplits } from '#evaluation/distillation/probe';
import { wordsOf } from '#evaluation/distillation/words';
import { assertClose, noLeaks, tempDir } from '../support';
import { saveTiny, tinyBench } from './adapting';

const patients = Array.from({ length: 60 }, (_, i) => `p${i >> 1}`);

test('halves hold whole patients, others for each seed, and a finding is measured where both have it', () => {
  const splits = probeSplits(patients, 3, key(2));
  for (const { train, test: tested } of splits) {
    assert.equal(train.length, 30);
    const learnt = new Set(Array.from(train, (i) => patients[i]));
    assert.ok(Array.from(tested).every((i) => !learnt.has(patients[i])));
  }
  assert.notDeepEqual(splits[0], splits[1]);
  assert.ok(
    measurable(
      Uint8Array.from(patients, (_, i) => i % 2),
      splits,
      10,
    ),
  );
  assert.ok(
    !measurable(
      Uint8Array.from(patients, (_, i) => (i === 0 ? 1 : 0)),
      splits,
      1,
    ),
  );
});

test(
  'a probe finds what columns say, and nothing where they say nothing; F1 and its change are as by hand',
  noLeaks(async () => {
    await startEngine();
    const noise = normal(key(5), [60, 4]);
    const values = noise.dataSync<'float32'>().slice();
    noise.dispose();
    const column = Uint8Array.from({ length: 60 }, (_, i) => (values[4 * i + 1]! > 0.3 ? 1 : 0));
    const splits = probeSplits(patients, 3, key(2));
    const said = probe(
      { values: values.map((value, i) => (i % 4 === 1 ? 1000 + 50 * value : value)), rows: 60, columns: 4 },
      column,
      splits,
    );
    const good = f1Of([{ column, said }], key(7), 200);
    assert.ok(good.texts.value > 85 && good.texts.low < good.texts.value && good.seeds.high > good.seeds.low, JSON.stringify(good));
    assert.ok(said[0]!.every((answer, i) => (answer === 255) === splits[0]!.train.includes(i)));
    const nothing = probe({ values: values.map((value, i) => (i % 4 === 1 ? 7 : value)), rows: 60, columns: 4 }, column, splits);
    const change = f1Change([{ column, said }], [{ column, said: nothing }], key(7), 200);
    assert.ok(change.high < 0, JSON.stringify(change));

    // Of four texts one hit, one missed, one false: F1 is 2 / (2 + 1 + 1).
    const byHand = { column: Uint8Array.of(1, 1, 0, 0, 1), said: [Uint8Array.of(1, 0, 1, 0, 255)] };
    assert.deepEqual(f1OfSeeds(byHand, [0, 1, 2, 3, 4]), [50]);
    assert.deepEqual(f1OfSeeds(byHand, [0, 0, 3]), [100]);
    assert.ok(Number.isNaN(f1OfSeeds(byHand, [3, 4])[0]));
    assert.equal(f1OfAlways(Uint8Array.of(1, 0, 0, 0), [{ train: Int32Array.of(), test: Int32Array.of(0, 1, 2, 3) }]), 40);
  }),
);

test(
  'layers: the last is the context, averaged over tokens and at its end; words are counted',
  noLeaks(async (t) => {
    const model = await loadModel(await saveTiny(tempDir(t)));
    const texts = ['Left effusion.', 'Right effusion and edema.', 'Left effusion.'];
    const layers = await layersOf(model, texts);
    assert.deepEqual(
      layers.map(({ name }) => name),
      ['embeddings', 'layer 1', 'context'],
    );
    const { context, mask, pooled } = await textEncoderOf(model).encode(texts);
    const [states, tokens] = [await context.array(), await mask.array()];
    const { mean, end } = layers.at(-1)!;
    const C = mean.columns;
    texts.forEach((_, i) => {
      const length = tokens[i]!.reduce((a, b) => a + b, 0);
      const average = states[i]![0]!.map((_, k) => states[i]!.slice(0, length).reduce((sum, state) => sum + state[k]!, 0) / length);
      assertClose(Array.from(mean.values).slice(i * C, (i + 1) * C), average, 1e-5, 'mean');
      assertClose(Array.from(end.values).slice(i * C, (i + 1) * C), states[i]![length - 1]!, 1e-5, 'end');
    });
    assertClose(Float32Array.from(end.values as Float32Array), pooled, 1e-5, 'CLIP pools at the end of the text');
    const both = sideBySide(layers[0]!);
    assert.deepEqual([both.rows, both.columns, both.values.length], [3, 2 * C, 6 * C]);
    assert.equal(both.values[2 * C + C], layers[0]!.end.values[C]);
    const words = wordsOf(model.tokenizer!, texts);
    assert.equal(words.rows, 3);
    const row = (i: number): number[] => Array.from(words.values).slice(i * words.columns, (i + 1) * words.columns);
    assert.deepEqual(row(0), row(2));
    assert.notDeepEqual(row(0), row(1));
    for (const tensor of [context, mask, pooled]) tensor.dispose();
    disposeModel(model);
  }),
);

test(
  'an adaptation and given models are probed alike; what does not train does not change',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const bench = await tinyBench(await saveTiny(folder), join(folder, 'out'), { quick: true });
    const options = { steps: 2, every: 1, texts: 240 };
    const result = await evaluateDistillation(bench, options);
    const findings = result.references.map(({ finding }) => finding);
    assert.ok(findings.length > 0);
    const last = result.probes.filter(({ layer }) => layer === 'context');
    assert.equal(last.length, 3 * (findings.length + 1));
    for (const { f1, f1Seeds } of result.probes) {
      assert.ok(f1.value >= 0 && f1.value <= 100 && f1.low <= f1.value && f1.value <= f1.high + 1e-9);
      assert.ok(f1Seeds.low <= f1.value && f1.value <= f1Seeds.high);
    }
    assert.ok(result.alignment.every(({ cka }) => cka.value > 0.5 && cka.value <= 1 + 1e-9));
    assert.ok(result.movement.filter(({ step }) => step === 2).every(({ relative }) => relative.value > 0));
    assert.deepEqual(result.findings!.length, findings.length + 1);
    assert.deepEqual(
      result.tables.map(({ name }) => name),
      ['probes', 'layers', 'changes', 'movement', 'paper-table-6'],
    );
    assert.equal(result.tables.at(-1)!.rows[0]!.macro, 40.5);
    assert.ok(result.notes.some((note) => note.includes('distinct texts')));

    const frozen = await evaluateDistillation(bench, { ...options, recipes: ['unet-only'] });
    assert.ok(frozen.movement.every(({ cosine, relative }) => Math.abs(cosine.value - 1) < 1e-6 && relative.value < 1e-6));
    assert.ok(frozen.changes.every(({ all }) => all.value === 0));

    await assert.rejects(evaluateDistillation(bench, { models: true }), /expected a model before and one after, got one/);
    await assert.rejects(evaluateDistillation(bench, { seeds: 1 }), /seeds: expected a whole number from 3, got 1/);
    await assert.rejects(evaluateDistillation(bench, { ...options, texts: 8 }), /none of \d+ findings is named by 4 texts/);
  }),
);
