/** Images and features made in parts by processes that share a folder: by two at the same time, and by an array of Slurm. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import { openBench } from 'roentgen-lab/evaluation';
import { loadRecipe } from 'roentgen-lab/experiments';
import { disposeModel, saveModel } from 'roentgen-lab/pipelines';
import { missingSlurm, startSlurm } from '../cluster/slurm-daemons';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, root, tempDir } from '../support';

const recipe = {
  extends: 'smoke',
  name: 'parts',
  data: { train: 40, test: 80 },
  sampling: { steps: 1 },
  classifier: { optimisation: { steps: 3, batch_size: 8, learning_rate: { warmup: 1 } } },
};

/** What all parts are given: 80 prompts are two files. */
async function argumentsIn(folder: string, out: string): Promise<string[]> {
  await startEngine();
  const model = tinyModel();
  await saveModel(model, join(folder, 'tiny', 'model'));
  disposeModel(model);
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify(recipe));
  const where = ['--model', join(folder, 'tiny', 'model'), '--recipe', join(folder, 'recipe.json'), '--out', join(folder, out)];
  return ['fidelity', ...where, '--prompts', '80', '--quick'];
}

interface Ended {
  readonly status: number;
  readonly text: string;
}

function evaluate(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'bin', 'roentgen.mjs'), 'evaluate', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece) => (text += piece));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status: status ?? -1, text })));
}

/** Files of images and features with their bytes, by path. */
function madeIn(out: string): Map<string, string> {
  const names = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => /^(images|features)\/.*\.safetensors$/.test(name));
  return new Map(names.sort().map((name) => [name, readFileSync(join(out, name), 'base64')]));
}

test('two processes that share a folder make together what one makes alone; merging says what is missing', {
  timeout: 300_000,
}, async (t) => {
  const folder = tempDir(t);
  const args = await argumentsIn(folder, 'shared');
  const first = await evaluate([...args, '--shard', '0/2']);
  assert.equal(first.status, 0, first.text);
  assert.match(first.text, /part 0 of 2 is made; \d+ of \d+ files/);
  const early = await evaluate([...args, '--merge']);
  assert.equal(early.status, 2, early.text);
  assert.match(early.text, /files of images and features are not there.*--shard.*\n.*images.*rows-00001\.safetensors/);
  const [again, second] = await Promise.all([evaluate([...args, '--shard', '0/2']), evaluate([...args, '--shard', '1/2'])]);
  assert.deepEqual([again.status, second.status], [0, 0], again.text + second.text);
  const made = madeIn(join(folder, 'shared'));
  const merged = await evaluate([...args, '--merge']);
  assert.equal(merged.status, 0, merged.text);
  assert.match(merged.text, /FID/);
  const images = (all: Map<string, string>): string[] => [...all.keys()].filter((name) => name.startsWith('images/'));
  assert.deepEqual(images(madeIn(join(folder, 'shared'))), images(made), 'no image was left to make');
  const alone = await evaluate([...(await argumentsIn(folder, 'alone')), '--shard', '0/1']);
  assert.equal(alone.status, 0, alone.text);
  const whole = madeIn(join(folder, 'alone'));
  assert.ok(made.size >= 4, [...made.keys()].join());
  assert.deepEqual(made, whole, 'the same bytes');
});

test(
  'a part that there cannot be is refused',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const args = await argumentsIn(folder, 'out');
    for (const shard of ['2/2', 'a/b']) {
      const { status, text } = await evaluate([...args, `--shard=${shard}`]);
      assert.equal(status, 2, text);
      assert.match(text, /expected I\/N/);
    }
    const { status, text } = await evaluate([...args, '--shard', '0/2', '--merge']);
    assert.equal(status, 2);
    assert.match(text, /give one of them/);
    const options = {
      models: [join(folder, 'tiny', 'model')],
      data: { data: 'phantom' },
      out: folder,
      recipe: await loadRecipe('smoke'),
    } as const;
    await assert.rejects(openBench({ ...options, prompts: 4, part: { index: 3, count: 2 } }), /part: expected/);
  }),
);

test('an array of Slurm makes the parts by the file of docs/cluster.md', { skip: missingSlurm, timeout: 400_000 }, async (t) => {
  const folder = tempDir(t);
  const env = await startSlurm(t, 2);
  const args = await argumentsIn(folder, 'array');
  const sized = ['--array=0-1', '--gres=none', '--cpus-per-task=1', '--mem=0', `--output=${join(folder, 'task-%a.txt')}`, '--wait'];
  const child = spawn('sbatch', [...sized, join(root, 'docs', 'evaluate.sbatch'), ...args], {
    env: { ...env, ROENTGEN_LAB: root },
    stdio: 'inherit',
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  const said = [0, 1].map((task) => readFileSync(join(folder, `task-${task}.txt`), 'utf8'));
  assert.equal(status, 0, said.join('\n'));
  for (const [task, text] of said.entries()) assert.match(text, new RegExp(`part ${task} of 2 is made`));
  assert.equal(execFileSync('squeue', ['-h'], { env, encoding: 'utf8' }), '');
  const merged = await evaluate([...args, '--merge']);
  assert.equal(merged.status, 0, merged.text);
});
