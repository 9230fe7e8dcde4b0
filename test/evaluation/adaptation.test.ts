/** Snapshots of a training: kept, gone on with, and the same as the training itself. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { flatten, type Tree } from 'roentgen-lab/engine';
import { adaptationSnapshots, type Snapshot, snapshotSteps } from 'roentgen-lab/evaluation';
import { loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { disposeModel } from 'roentgen-lab/pipelines';
import { openEvaluated } from '#evaluation/bench';
import { noLeaks, tempDir } from '../support';
import { saveTiny, tinyBench } from './adapting';

async function weights(snapshot: Snapshot): Promise<Record<string, Float32Array>> {
  const model = await openEvaluated(snapshot);
  const flat = flatten({ unet: model.unet.params, text: model.textEncoder.params, vae: model.vae.params } as Tree);
  const values = Object.fromEntries(Object.entries(flat).map(([path, leaf]) => [path, leaf.dataSync<'float32'>().slice()]));
  disposeModel(model);
  return values;
}

test(
  'each step is kept once, holds what changed alone, and does not depend on which steps are looked at or on interruptions',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const base = await saveTiny(folder);
    const recipe = overrideRecipe(await loadRecipe('unet-only'), { 'diffusion.optimisation.batch_size': 4 });
    const bench = await tinyBench(base, join(folder, 'a'));
    const [start, first, last] = (await adaptationSnapshots(bench, recipe, [3, 0, 1])) as [Snapshot, Snapshot, Snapshot];
    assert.deepEqual([start.step, first.step, last.step, start.identity], [0, 1, 3, bench.models[0]!.identity]);
    const [before, after] = [await weights(start), await weights(last)];
    assert.deepEqual(Object.keys(after), Object.keys(before));
    const changed = Object.keys(before).filter((path) => before[path]!.some((value, i) => value !== after[path]![i]));
    assert.ok(changed.length > 0 && changed.every((path) => path.startsWith('unet.')), changed.join());
    const [own] = readdirSync(join(folder, 'a', 'snapshots'));
    const kept = join(folder, 'a', 'snapshots', own!);
    assert.deepEqual(readdirSync(kept).sort(), ['step-000001.safetensors', 'step-000003.safetensors']);

    const { mtimeMs } = statSync(join(kept, 'step-000003.safetensors'));
    await adaptationSnapshots(await tinyBench(base, join(folder, 'a')), recipe, [0, 3]);
    assert.equal(statSync(join(kept, 'step-000003.safetensors')).mtimeMs, mtimeMs);

    const stop = new AbortController();
    const stopped = await tinyBench(base, join(folder, 'b'), {
      signal: stop.signal,
      onProgress: (what, done) => {
        if (what.startsWith('unet-only: training') && done === 2) stop.abort(new Error('enough'));
      },
    });
    await assert.rejects(adaptationSnapshots(stopped, recipe, [1, 3]), /enough/);
    const [again] = readdirSync(join(folder, 'b', 'snapshots'));
    assert.ok(existsSync(join(folder, 'b', 'snapshots', again!, 'checkpoints')));
    const seen: number[] = [];
    const resumed = await tinyBench(base, join(folder, 'b'), {
      onProgress: (what, done) => void (what.startsWith('unet-only: training') && seen.push(done)),
    });
    const [, second] = (await adaptationSnapshots(resumed, recipe, [1, 3])) as [Snapshot, Snapshot];
    assert.deepEqual(seen, [3], 'it goes on from where it was');
    assert.deepEqual(await weights(second), after);
    assert.notEqual(second.identity, first.identity);
  }),
);

test(
  'adapters are merged; recipes that exchange networks, add tokens or reword prompts are refused',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const bench = await tinyBench(await saveTiny(folder), join(folder, 'out'));
    const recipe = await loadRecipe('lora');
    const [start, end] = (await adaptationSnapshots(bench, recipe, [0, 2])) as [Snapshot, Snapshot];
    const [before, after] = [await weights(start), await weights(end)];
    assert.deepEqual(Object.keys(after).sort(), Object.keys(before).sort());
    const changed = Object.keys(before).filter((path) => before[path]!.some((value, i) => value !== after[path]![i]));
    assert.ok(changed.length > 0 && changed.every((path) => /to_|_proj/.test(path)), changed.join());
    await assert.rejects(adaptationSnapshots(bench, await loadRecipe('dreambooth'), [1]), /dreambooth rewords prompts/);
    await assert.rejects(adaptationSnapshots(bench, recipe, [-1]), /steps: expected whole numbers from 0, got -1/);
    await assert.rejects(adaptationSnapshots(bench, recipe, []), /got none/);
  }),
);

test('looks are from the base to the last step', async () => {
  const recipe = await loadRecipe('joint');
  assert.deepEqual(snapshotSteps({ quick: false }, recipe, { steps: 120 }), [0, 50, 100, 120]);
  assert.deepEqual(snapshotSteps({ quick: false }, recipe, {}), [0, 50, 100, 150, 200, 250]);
  assert.deepEqual(snapshotSteps({ quick: true }, recipe, {}), [0, 20, 40, 60]);
  assert.throws(() => snapshotSteps({ quick: true }, recipe, { every: 0 }), /every: expected a whole number from 1, got 0/);
});
