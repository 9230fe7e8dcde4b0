/** `roentgen evaluate` as a person runs it: on a tiny untrained model, for the way and not for what is measured. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import type { EvaluationResult, FidelityResult } from 'roentgen-lab/evaluation';
import { disposeModel, saveModel } from 'roentgen-lab/pipelines';
import type { Context } from '#cli/context';
import type { EvaluationCommand } from '#cli/evaluate/evaluations';
import { evaluate } from '#cli/evaluate/index';
import { tinyModel } from '../pipelines/tiny-model';
import { tempDir } from '../support';
import { roentgen } from './run';

const NAMES = [
  ...['instruments', 'detail', 'fidelity', 'diversity', 'classification', 'report-generation', 'retrieval', 'reader-study', 'augmentation'],
  ...['distillation', 'forgetting', 'memorisation', 'subgroups', 'ground-truth', 'text-use', 'images', 'all'],
];

const recipe = {
  extends: 'smoke',
  name: 'tiny',
  data: { train: 40, test: 128 },
  sampling: { steps: 1 },
  classifier: { optimisation: { steps: 3, batch_size: 8, learning_rate: { warmup: 1 } } },
};

/** A model in a folder, and the options that name it. */
async function given(t: TestContext): Promise<{ folder: string; options: string[] }> {
  const folder = tempDir(t);
  await startEngine();
  const model = tinyModel();
  await saveModel(model, join(folder, 'tiny', 'model'));
  disposeModel(model);
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify(recipe));
  const options = [
    '--model',
    join(folder, 'tiny', 'model'),
    '--recipe',
    join(folder, 'recipe.json'),
    '--out',
    join(folder, 'out'),
    '--quick',
  ];
  return { folder, options };
}

test('help lists every evaluation; each has what all share', async () => {
  const { status, stdout } = await roentgen(['evaluate', '--help']);
  assert.equal(status, 0);
  for (const name of NAMES) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
  const own = await roentgen(['evaluate', 'fidelity', '--help']);
  for (const option of [
    '--model',
    '--images',
    '--data',
    '--out',
    '--quick',
    '--prompts',
    '--seed',
    '--shard',
    '--merge',
    '--per-finding',
    '--json',
  ])
    assert.ok(own.stdout.includes(option), option);
});

test('wrong usage ends with 2 and says what to give', async (t) => {
  const { folder, options } = await given(t);
  const wrong: [string[], RegExp][] = [
    [['nothing'], /unknown command 'nothing'/],
    [['fidelity', '--prompts', '1'], /expected a whole number from 2/],
    [['fidelity', '--shard', '2/2'], /expected I\/N with I from 0 to N - 1/],
    [['retrieval', '--k', '5,3'], /expected rising whole numbers/],
    [['fidelity', ...options, '--shard', '0/2', '--merge'], /--shard makes a part and --merge none/],
    [['images', ...options, '--shard', '0/2'], /writes all images/],
    [['diversity', '--model', join(folder, 'none')], /none/],
    [['diversity', ...options, '--recipe', 'none'], /none/],
  ];
  for (const [args, said] of wrong) {
    const { status, stderr, stdout } = await roentgen(['evaluate', ...args]);
    assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, said);
    assert.equal(stdout, '');
  }
});

test('fidelity as JSON, each finding alone where enough images have it; a second run takes the images that are there', async (t) => {
  const { folder, options } = await given(t);
  const args = ['evaluate', 'fidelity', ...options, '--prompts', '128', '--per-finding', '--json'];
  const first = await roentgen(args);
  assert.equal(first.status, 0, first.stderr);
  const result = JSON.parse(first.stdout) as FidelityResult & { json: string; page: string };
  assert.equal(result.evaluation, 'fidelity');
  const whole = result.rows.filter(({ finding }) => finding === undefined);
  assert.deepEqual([...new Set(whole.map(({ images }) => images))], ['tiny', 'real training images']);
  const single = result.rows.filter(({ finding }) => finding !== undefined);
  assert.ok(single.length > 0 && single.every(({ count }) => count >= 24 && count < 128));
  // ImageNet's network is there where it was got.
  const wide = result.notes.some((note) => /128 images are not more than the 1280 features of imagenet are wide/.test(note));
  assert.equal(
    wide,
    whole.some(({ space }) => space === 'imagenet'),
  );
  assert.ok(result.notes.some((note) => /^Fewer than 24 images of a set have /.test(note)));
  assert.ok(existsSync(result.page) && existsSync(join(folder, 'out', 'fidelity', 'images-of-a-prompt.png')));
  const written = JSON.parse(readFileSync(result.json, 'utf8')) as EvaluationResult;
  assert.deepEqual(written.tables, JSON.parse(JSON.stringify(result.tables)));

  const started = await roentgen([...args.filter((arg) => arg !== '--per-finding'), '--merge']);
  assert.equal(started.status, 0, `all images and features are there: ${started.stderr}`);
  const again = JSON.parse(started.stdout) as FidelityResult;
  assert.deepEqual(again.rows, JSON.parse(JSON.stringify(whole)), 'the rows of all images are those of a run without findings');
});

test('of several, one that fails is named and ends with 1, and the others have their pages', async (t) => {
  const { folder } = await given(t);
  const out = join(folder, 'out');
  const nothing = { paper: 'none', tables: [], figures: [], definitions: {}, notes: [] };
  const good: EvaluationCommand = {
    name: 'good',
    paper: 'none',
    what: 'measures nothing',
    run: async (bench) => ({ ...nothing, evaluation: 'good', title: `Of ${bench.models[0]!.name}` }),
  };
  const bad: EvaluationCommand = { ...good, name: 'bad', run: () => Promise.reject(new RangeError('bad: the data have no labels')) };
  const adapting: EvaluationCommand = {
    ...good,
    name: 'adapting',
    adapts: true,
    run: async (bench) => ({ ...nothing, evaluation: 'adapting', title: `Of ${bench.models.map(({ name }) => name).join(' and ')}` }),
  };
  const [printed, said, codes] = [[] as string[], [] as string[], [] as number[]];
  const context = {
    print: (line: string) => void printed.push(line),
    say: (line: string) => void said.push(line),
    endWith: (code: number) => void codes.push(code),
    signal: new AbortController().signal,
  } as unknown as Context;
  const model = join(folder, 'tiny', 'model');
  const flags = { model: [model], base: model, recipe: join(folder, 'recipe.json'), out, seed: 1, prompts: 8, quick: true, json: true };
  await evaluate([bad, good, adapting], flags, context);
  assert.deepEqual(codes, [1]);
  assert.ok(said.includes('bad: bad: the data have no labels'), said.join('\n'));
  const { done, failed } = JSON.parse(printed.join('\n')) as { done: { title: string; page: string }[]; failed: unknown[] };
  assert.deepEqual(failed, [{ name: 'bad', why: 'bad: the data have no labels' }]);
  assert.deepEqual(
    done.map(({ title }) => title),
    ['Of tiny', 'Of tiny'],
  );
  for (const { page } of done) assert.ok(existsSync(page));
  const index = readFileSync(join(out, 'index.html'), 'utf8');
  assert.ok(index.includes('href="good/report.html"') && index.includes('the data have no labels'));
  await assert.rejects(evaluate([bad], flags, context), /no labels/);
});
