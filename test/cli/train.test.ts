/** `roentgen train` and `roentgen runs` as a person calls them, at a very small size. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { maskedCrc32c, recipeNames } from 'roentgen-lab/training';
import { tempDir } from '../support';
import { roentgen } from './run';

const small = [
  'data.train=48',
  'data.test=8',
  'vae.optimisation.steps=3',
  'diffusion.optimisation.steps=6',
  'run.checkpoint_every=2',
  'run.sample_every=4',
];
const settings = small.flatMap((each) => ['--set', each]);

test('a run leaves settings, log, checkpoints, pictures, events, report and model; interrupted and resumed it has the same bytes', async (t) => {
  const folder = tempDir(t);
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const whole = await roentgen(['train', 'options', '--out', a, ...settings, '--json']);
  assert.equal(whole.status, 0, whole.stderr);
  const result = JSON.parse(whole.stdout) as { steps: number; loss: number; model: string; report: string };
  assert.equal(result.steps, 6);
  assert.ok(existsSync(join(result.model, 'model_index.json')));
  assert.match(readFileSync(result.report, 'utf8'), /not for diagnosis/);
  assert.ok(existsSync(join(a, 'samples', 'step-00000004', '01.png')));
  const config = JSON.parse(readFileSync(join(a, 'config.json'), 'utf8')) as {
    seed: number;
    engine: { threads: number };
    versions: object;
  };
  assert.ok(config.seed === 1 && config.engine.threads > 0 && 'node' in config.versions);
  const log = readFileSync(join(a, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
  assert.equal(log.length, 6);
  for (const name of ['loss', 'learningRate', 'gradientNorm', 'imagesPerSecond', 'peakRssMiB'])
    assert.ok(Number.isFinite(log[5]![name]), name);
  checkEvents(a, 6);

  const stopped = await roentgen(['train', 'options', '--out', b, ...settings], {
    interruptWhen: () => existsSync(join(b, 'checkpoints', 'step-00000002', 'manifest.json')),
  });
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.match(stopped.stderr, /interrupted after step \d, *|go on with --resume/);
  const again = await roentgen(['train', 'options', '--out', b, ...settings]);
  assert.equal(again.status, 2);
  assert.match(again.stderr, /already holds a run; go on with it \(--resume\)/);
  const other = await roentgen(['train', 'options', '--out', b, ...settings, '--seed', '2', '--resume']);
  assert.equal(other.status, 2);
  assert.match(other.stderr, /belongs to another run/);
  const resumed = await roentgen(['train', 'options', '--out', b, ...settings, '--resume']);
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
  const listed = await roentgen(['runs', folder, '--json']);
  const { runs } = JSON.parse(listed.stdout) as { runs: { name: string; step: number }[] };
  assert.deepEqual(
    runs.map(({ name, step }) => [name, step]),
    [
      ['a', 6],
      ['b', 6],
    ],
  );
  const compared = await roentgen(['runs', a, b, '--out', join(folder, 'compare.html')]);
  assert.equal(compared.status, 0, compared.stderr);
  assert.match(readFileSync(join(folder, 'compare.html'), 'utf8'), /Loss/);
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
  await refused(['smoke', '--set', 'diffusion.min_snr=5'], /diffusion\.min_snr is unknown \(there are .*min_snr_gamma/);
  await refused(['smoke', '--set', 'diffusion.strategy=all'], /strategy: expected one of joint, unet-only, got "all"/);
  await refused(['smoke', '--set', 'diffusion.optimisation.batchSize=0'], /batchSize: expected a whole number from 1, got 0/);
  await refused(
    ['smoke', '--set', 'diffusion.optimisation.batchSize=100000'],
    /needs about \d+ MiB, and \d+ MiB are free here; a smaller diffusion\.optimisation\.batchSize/,
  );
});
