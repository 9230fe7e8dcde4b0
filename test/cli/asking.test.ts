import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support';
import { tinyCheXagent, tinyLlava } from '../systems/asking/tiny';
import { roentgen } from './run';

test('cxr-llava train stops and goes on, ask answers, evaluate writes the table and the picture of temperatures', async (t) => {
  const folder = tempDir(t);
  const recipe = join(folder, 'recipe.json');
  writeFileSync(recipe, JSON.stringify(await tinyLlava(12)));
  const run = join(folder, 'run');
  const train = ['cxr-llava', 'train', recipe, '--out', run, '--steps', 'projector=2', '--json'];
  const log = join(run, 'vision', 'log.jsonl');
  const stopped = await roentgen(train, { interruptWhen: () => existsSync(log) && readFileSync(log, 'utf8') !== '' });
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.match(stopped.stderr, /the same command goes on/);
  const done = await roentgen(train);
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stderr, /About \d+ MiB of memory; 12 images to learn from/);
  const { model } = JSON.parse(done.stdout);
  assert.match((await roentgen(train)).stderr, /holds a finished run/);
  assert.match((await roentgen([...train, '--steps', 'sleep=3'])).stderr, /stages are vision, language, alignment, projector, dialogues/);

  const bench = join(folder, 'bench');
  const made = await roentgen([
    'instruct',
    'bench',
    'phantom',
    '--count',
    '60',
    '--per-task',
    '3',
    '--size',
    '32',
    '--seed',
    '4',
    '--out',
    bench,
    '--json',
  ]);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(JSON.parse(made.stdout).tasks['View Classification'], 3);
  const [image] = readdirSync(join(bench, 'images')).map((name) => join(bench, 'images', name));
  const ask = ['ask', model, image!, '--question', 'Is there edema?', '--max-tokens', '5'];
  const answered = await roentgen([...ask, '--json']);
  assert.equal(answered.status, 0, answered.stderr);
  assert.match(answered.stderr, /not for diagnosis/);
  assert.equal(JSON.parse(answered.stdout).question, 'Is there edema?');
  const again = ['--temperature', '2', '--seed', '3'];
  assert.equal((await roentgen([...ask, ...again])).stdout, (await roentgen([...ask, ...again])).stdout);
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[model, image!, image!, '--question', 'a'], /expected one image, got 2; ask about fewer at a time/],
    [[model, image!, '--question', ' '], /--question: expected a question/],
    [[model, image!, '--question', 'heart '.repeat(10_000)], /tokens long with its images.*shorten it/],
    [[model, image!, '--question', 'what is <image>?'], /expected <image> once.*got it 2 times/],
    [[model, recipe, '--question', 'a'], /FileError|not an image|cannot be read|recipe\.json/],
    [[bench, image!, '--question', 'a'], /expected a model that is asked about radiographs|has no config\.json|config\.json/],
  ];
  for (const [args, message] of wrong) {
    const { status, stderr } = await roentgen(['ask', ...args]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  }

  const out = join(folder, 'evaluation');
  const evaluated = await roentgen([
    'cxr-llava',
    'evaluate',
    recipe,
    '--out',
    out,
    '--plane',
    '2',
    '--draws',
    '10',
    '--steps',
    'dialogues=3',
  ]);
  assert.equal(evaluated.status, 0, evaluated.stderr);
  assert.match(evaluated.stdout, /images blanked[\s\S]*children alone[\s\S]*the encoder's own labels/);
  assert.ok(existsSync(join(out, 'sampling.png')));
  const { tables, findings } = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'));
  assert.deepEqual([tables[0].rows.length, tables[1].rows.length, findings.length], [8, 18, 11]);
  assert.equal(new Set(tables[2].rows.map((row: Record<string, string>) => row['training set'])).size, 2);
});

test('chexagent train makes a model that is asked about two images and put to a bench; evaluate writes stages and groups', async (t) => {
  const folder = tempDir(t);
  const recipe = join(folder, 'recipe.json');
  const tiny = await tinyCheXagent(3);
  writeFileSync(recipe, JSON.stringify({ ...tiny, phantom: { train: 30, test: 40, texts: 6 } }));
  const run = join(folder, 'run');
  const trained = await roentgen(['chexagent', 'train', recipe, '--out', run]);
  assert.equal(trained.status, 0, trained.stderr);
  assert.match(trained.stdout, /Ask it: roentgen ask/);
  const model = join(run, 'model');
  const bench = join(folder, 'bench');
  const made = await roentgen([
    'instruct',
    'bench',
    'phantom',
    '--count',
    '60',
    '--per-task',
    '3',
    '--size',
    '32',
    '--seed',
    '4',
    '--out',
    bench,
  ]);
  assert.match(made.stdout, /roentgen chexbench MODEL --bench/);
  const [first, second] = readdirSync(join(bench, 'images')).map((name) => join(bench, 'images', name));
  const asked = await roentgen(['ask', model, first!, second!, '--question', 'What has changed?', '--max-tokens', '3']);
  assert.equal(asked.status, 0, asked.stderr);
  const file = join(bench, 'chexbench.json');
  const put = await roentgen([
    'chexbench',
    model,
    '--bench',
    file,
    '--out',
    join(folder, 'result'),
    '--max-tokens',
    '4',
    '--draws',
    '20',
    '--json',
  ]);
  assert.equal(put.status, 0, put.stderr);
  const { tables } = JSON.parse(put.stdout);
  const [view] = tables[0].rows;
  assert.deepEqual([view.questions, view.n], ['View Classification: phantom', 3]);
  assert.ok(Math.abs(view.chance - 100 / 3) < 1e-9);
  assert.deepEqual(
    tables.map(({ name }: { name: string }) => name),
    ['chexbench', 'chexbench-places', 'chexbench-texts'],
  );
  const nowhere = await roentgen(['chexbench', model, '--bench', recipe]);
  assert.equal(nowhere.status, 2);
  assert.match(nowhere.stderr, /recipe\.json.*expected a list of items/);

  const samples = join(folder, 'samples');
  const build = ['instruct', 'build', 'phantom', '--count', '40', '--per-task', '2', '--size', '32', '--out', samples];
  const built = await roentgen([...build, '--task', 'View Classification', '--task', 'Phrase Grounding']);
  assert.equal(built.status, 0, built.stderr);
  const published = JSON.parse(readFileSync(join(samples, 'instructions.json'), 'utf8'));
  assert.deepEqual(
    published.map(({ task_name }: { task_name: string }) => task_name),
    ['View Classification', 'View Classification', 'Phrase Grounding', 'Phrase Grounding'],
  );
  assert.ok(existsSync(join(samples, published[0].image_path[0])));
  assert.match((await roentgen(build)).stderr, /samples/, 'the folder is not empty');
  const unknown = await roentgen([...build.slice(0, -1), join(folder, 'more'), '--task', 'Guessing']);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /no task "Guessing"/);

  const out = join(folder, 'evaluation');
  const evaluate = ['chexagent', 'evaluate', recipe, '--out', out, '--per-task', '3', '--draws', '10'];
  const alone = await roentgen([...evaluate, '--parts', 'bench']);
  assert.equal(alone.status, 0, alone.stderr);
  assert.doesNotMatch(alone.stdout, /without bridge/);
  const evaluated = await roentgen(evaluate);
  assert.equal(evaluated.status, 0, evaluated.stderr);
  assert.ok(evaluated.stdout.startsWith(alone.stdout.split('\n')[0]!), 'the bench first');
  assert.match(evaluated.stdout, /without bridge[\s\S]*women’s findings rare[\s\S]*as many left out at random/);
  const stages = await roentgen([...evaluate, '--parts', 'stages', '--json']);
  assert.equal(stages.status, 0, stages.stderr);
  assert.deepEqual(
    JSON.parse(stages.stdout).tables.map(({ name }: { name: string }) => name),
    ['chexagent-stages'],
  );
  const wrong = await roentgen([...evaluate, '--parts', 'bench,steps']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /expected some of bench, stages, groups.*got steps/);
});
