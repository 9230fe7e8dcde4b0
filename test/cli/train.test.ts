/** `roentgen train` and `roentgen runs` as a person calls them, at a very small size. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { maskedCrc32c, recipeNames } from '#experiments/internal';
import { tempDir } from '../support';
import { tiniest } from '../tiniest';
import { roentgen } from './run';

/** Every option of training on the smallest networks; long enough that a signal arrives in its midst. */
const tiny = {
  extends: 'options',
  name: 'tiny',
  ...tiniest,
  tokenizer: { vocabulary_size: 600 },
  vae: { ...tiniest.vae, optimisation: { steps: 2, learning_rate: { warmup: 1 } } },
  diffusion: { optimisation: { batch_size: 2, learning_rate: { warmup: 1 } } },
  sampling: { steps: 1 },
  data: { train: 24, test: 4 },
  run: { checkpoint_every: 10, sample_prompts: 1 },
};
const STEPS = 40;

test('a run leaves settings, log, checkpoints, pictures, events, report and model; interrupted and resumed it has the same bytes', async (t) => {
  const folder = tempDir(t);
  const [a, b, file] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'tiny.json')];
  writeFileSync(file, JSON.stringify(tiny));
  const settings = ['--steps', String(STEPS), '--set', 'run.sample_every=16'];
  const whole = await roentgen(['train', file, '--out', a, ...settings, '--json']);
  assert.equal(whole.status, 0, whole.stderr);
  const result = JSON.parse(whole.stdout) as { steps: number; loss: number; model: string; report: string };
  assert.equal(result.steps, STEPS);
  assert.ok(existsSync(join(result.model, 'model_index.json')));
  assert.match(readFileSync(result.report, 'utf8'), /not for diagnosis/);
  const card = readFileSync(join(result.model, 'README.md'), 'utf8');
  assert.match(card, /## Data\n\n24 pictures with a text each: /);
  assert.match(card, /\| recipe \| tiny \|/);
  assert.ok(card.includes(`| steps | ${STEPS} |`) && card.includes(`${Number(result.loss.toPrecision(4))} |`), card);
  assert.doesNotMatch(card, /Not recorded/);
  assert.deepEqual(readdirSync(join(a, 'samples')), ['step-00000016', 'step-00000032']);
  assert.ok(existsSync(join(a, 'samples', 'step-00000016', '00.png')));
  const config = (of: string): { seed: number; engine: { threads: number }; versions: object } =>
    JSON.parse(readFileSync(join(of, 'config.json'), 'utf8'));
  assert.ok(config(a).seed === 1 && config(a).engine.threads > 0 && 'node' in config(a).versions);
  const log = (of: string): Record<string, number>[] =>
    readFileSync(join(of, 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number>);
  assert.equal(log(a).length, STEPS);
  for (const name of ['loss', 'learningRate', 'gradientNorm', 'imagesPerSecond', 'peakRssMiB'])
    assert.ok(Number.isFinite(log(a)[STEPS - 1]![name]), name);
  checkEvents(a, STEPS);

  // Ctrl-C: a checkpoint of the very step it stopped after.
  const saved = (step: string) => ({ interruptWhen: () => existsSync(join(b, 'checkpoints', step, 'manifest.json')) });
  const stopped = await roentgen(['train', file, '--out', b, ...settings], saved('step-00000010'));
  assert.equal(stopped.status, 130, stopped.stderr);
  const at = /interrupted after step (\d+) of the diffusion model; .*go on with --resume/.exec(stopped.stderr)?.[1];
  assert.equal(readFileSync(join(b, 'checkpoints', 'last'), 'utf8').trim(), `step-${at?.padStart(8, '0')}`);
  assert.equal(log(b).length, Number(at));

  // What would mix two runs is refused, and leaves the folder as it was.
  const refused = async (args: string[], message: RegExp): Promise<void> => {
    const { status, stderr } = await roentgen(['train', file, '--out', b, ...settings, ...args]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  };
  await refused([], /already holds a run; go on with it \(--resume\)/);
  await refused(['--seed', '2', '--resume'], /belongs to another run: it differs in seed \(1, now 2\);/);
  await refused(['--set', 'diffusion.text_dropout=0.2', '--resume'], /belongs to another run: it differs in the recipe's diffusion;/);
  assert.equal(config(b).seed, 1);

  // A second signal ends at once, without waiting for checkpoint and report; what was saved before it holds.
  const ended = await roentgen(['train', file, '--out', b, ...settings, '--resume'], {
    ...saved('step-00000030'),
    signal: 'SIGTERM',
    twice: true,
  });
  assert.equal(ended.status, 143, ended.stderr);
  assert.doesNotMatch(ended.stderr, /go on with --resume/);
  // How often pictures are made changes nothing.
  const resumed = await roentgen(['train', file, '--out', b, '--steps', String(STEPS), '--resume']);
  assert.equal(resumed.status, 0, resumed.stderr);
  for (const part of ['checkpoints', join('autoencoder', 'checkpoints')]) {
    assert.deepEqual(readdirSync(join(b, part)), readdirSync(join(a, part)));
    for (const name of readdirSync(join(a, part)).filter((each) => each.startsWith('step-')))
      assert.equal(
        readFileSync(join(b, part, name, 'manifest.json'), 'utf8'),
        readFileSync(join(a, part, name, 'manifest.json'), 'utf8'),
        name,
      );
  }
  assert.deepEqual(
    log(b).map(({ step, loss }) => [step, loss]),
    log(a).map(({ step, loss }) => [step, loss]),
  );

  const page = join(folder, 'compare.html');
  const listed = await roentgen(['runs', a, b, '--out', page, '--json']);
  const { runs } = JSON.parse(listed.stdout) as { runs: { name: string; step: number }[] };
  assert.deepEqual(
    runs.map(({ name, step }) => [name, step]),
    [
      ['a', STEPS],
      ['b', STEPS],
    ],
  );
  assert.match(readFileSync(page, 'utf8'), /Loss/);
});

/** Every record of the event file is whole: lengths and checks as TFRecords have them. */
function checkEvents(folder: string, steps: number): void {
  const name = readdirSync(folder).find((file) => file.startsWith('events.out.tfevents.'))!;
  const bytes = readFileSync(join(folder, name));
  let records = 0;
  for (let at = 0; at < bytes.length; records++) {
    const length = Number(bytes.readBigUInt64LE(at));
    assert.equal(bytes.readUInt32LE(at + 8), maskedCrc32c(bytes.subarray(at, at + 8)));
    assert.equal(bytes.readUInt32LE(at + 12 + length), maskedCrc32c(bytes.subarray(at + 12, at + 12 + length)));
    at += 16 + length;
  }
  assert.equal(records, steps + 1, 'a version and one record a step');
  assert.equal(maskedCrc32c(Buffer.from('123456789')), (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0); // RFC 3720's check value
}

test('what is wrong with a recipe is named', async (t) => {
  const out = join(tempDir(t), 'run');
  const refused = async (args: string[], message: RegExp): Promise<void> => {
    const { status, stderr } = await roentgen(['train', ...args, '--out', out]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  };
  await refused(['nothing'], new RegExp(`no recipe "nothing"; there are ${recipeNames().join(', ')}`));
  await refused(['smoke', '--set', 'diffusion.min_snr=5'], /diffusion\.min_snr is unknown \(did you mean min_snr_gamma/);
  await refused(['smoke', '--set', 'diffusion.strategy.name=all'], /strategy: name: expected one of joint, unet-only, .*, got "all"/);
  await refused(['smoke', '--set', 'diffusion.optimisation.batchSize=8'], /batchSize is unknown \(did you mean batch_size/);
  await refused(['smoke', '--set', 'diffusion.optimisation.batch_size=0'], /batch_size: expected a whole number from 1, got 0/);
  await refused(
    ['smoke', '--set', 'diffusion.optimisation.batch_size=100000'],
    /needs about \d+ MiB, and \d+ MiB are free here; a smaller diffusion\.optimisation\.batch_size/,
  );
});

test('how long a run takes is told first, and Ctrl-C ends the timing', async (t) => {
  const [folder, file] = [tempDir(t), join(tempDir(t), 'tiny.json')];
  writeFileSync(file, JSON.stringify(tiny));
  const args = ['train', file, '--out', join(folder, 'a'), '--steps', '60'];
  const stopped = await roentgen(args, { interruptAt: 'Timing a few steps' });
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.doesNotMatch(stopped.stdout + stopped.stderr, /Autoencoder/);
});

test('a recipe that adapts another starts from its model and trains the autoencoder further; a model of its own is named where there is none', async (t) => {
  const folder = tempDir(t);
  const [first, second, base, out] = ['first.json', 'second.json', 'base', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(first, JSON.stringify(tiny));
  writeFileSync(second, JSON.stringify({ extends: first, name: 'second', adapts: 'never-trained' }));
  const missing = await roentgen(['train', second, '--out', out, '--steps', '1']);
  assert.equal(missing.status, 2, missing.stderr);
  assert.match(
    missing.stderr,
    /second starts from the model of never-trained, .*roentgen train never-trained --out runs\/never-trained.*--model/,
  );
  const vaeOf = (run: string): Buffer => readFileSync(join(run, 'model', 'vae', 'diffusion_pytorch_model.safetensors'));
  for (const args of [
    [first, '--out', base],
    [second, '--model', join(base, 'model'), '--out', out],
    [first, '--model', join(base, 'model'), '--out', `${out}-kept`],
  ]) {
    const { status, stderr } = await roentgen(['train', ...args, '--steps', '1']);
    assert.equal(status, 0, stderr);
  }
  assert.ok(existsSync(join(out, 'autoencoder', 'log.jsonl')) && !vaeOf(out).equals(vaeOf(base)));
  assert.ok(!existsSync(join(`${out}-kept`, 'autoencoder')) && vaeOf(`${out}-kept`).equals(vaeOf(base)));
});

test('--size takes the recipe for images of that size, and lists the sizes where there is none', async (t) => {
  const folder = tempDir(t);
  const out = ['--out', join(folder, 'a')];
  const model = join(folder, 'model'); // read only after the recipe is chosen
  const chosen = await roentgen(['train', '--size', '64', '--model', model, ...out]);
  assert.match(chosen.stdout + chosen.stderr, /Recipe quickstart-real\./);
  for (const [args, message] of [
    [
      ['train', '--size', '65', ...out],
      /train: --size: expected a side of 64 \(recipe quickstart-real\) or 128 \(recipe nih-128\).* got 65/,
    ],
    [['train', 'smoke', '--size', '64', ...out], /give a recipe \(smoke\) or a size \(64\), not both/],
    [['train', ...out], /name a recipe, or give --size/],
    [['quickstart', '--size', '64'], /--size belongs to --data FOLDER/],
    [['quickstart', '--size', '65', '--data', folder], /quickstart: --size: expected a side of 64/],
    [['quickstart', '--size', '64', '--recipe', 'smoke', '--data', folder], /--size or --recipe, not both/],
  ] as const) {
    const { status, stderr } = await roentgen([...args]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  }
});
