/** `roentgen biomedjourney train` as a person runs it, at the smallest size: stopped, gone on with, and its model put to use. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writePng } from 'roentgen-lab/files';
import { tempDir } from '../support';
import { roentgen } from './run';

const recipe = {
  name: 'tiny',
  model: 'smoke',
  set: {
    'diffusion.text_dropout': 0.1,
    'diffusion.original_dropout': 0.1,
    'diffusion.both_dropout': 0.05,
    'vae.optimisation.steps': 2,
    'data.train': 24,
    'unet.block_out_channels': [16],
    'unet.down_block_types': ['CrossAttnDownBlock2D'],
    'unet.up_block_types': ['CrossAttnUpBlock2D'],
  },
  singles: { steps: 40 },
  triples: { steps: 3, train: 8, test: 4, moved: { turn: 4, scale: 0.05, shift: 0.05 } },
  registration: { kind: 'similarity', drop: 0.2, least_score: 0 },
  guidance: { text: 2, image: 1.5 },
};

test('a run that was stopped goes on to the bytes of one that was not; its model edits images', { timeout: 600_000 }, async (t) => {
  const folder = tempDir(t);
  const file = join(folder, 'tiny.json');
  writeFileSync(file, JSON.stringify(recipe));
  const train = (out: string, ...more: string[]) => ['biomedjourney', 'train', file, '--out', join(folder, out), ...more];
  const whole = await roentgen(train('whole', '--json'));
  assert.equal(whole.status, 0, whole.stderr);
  const facts = JSON.parse(whole.stdout);
  assert.deepEqual(
    Object.values(facts.parts as Record<string, { steps: number }>).map(({ steps }) => steps),
    [2, 40, 3],
  );
  assert.match(facts.notes.join(' '), /1 of 8 pairs are dropped/);

  const steps = join(folder, 'parts', 'singles', 'log.jsonl');
  const stopped = await roentgen(train('parts'), { interruptWhen: () => existsSync(steps) && readFileSync(steps, 'utf8').includes('\n') });
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.match(stopped.stderr, /interrupted after step \d+ of singles; the same command goes on/);
  const other = await roentgen(train('parts', '--seed', '2'));
  assert.equal(other.status, 2);
  assert.match(other.stderr, /belongs to another run/);
  const rest = await roentgen(train('parts'));
  assert.equal(rest.status, 0, rest.stderr);
  const weights = (out: string): Buffer => readFileSync(join(folder, out, 'model', 'unet', 'diffusion_pytorch_model.safetensors'));
  assert.ok(weights('whole').equals(weights('parts')));
  // The same from a model that is given: here what the first part had made.
  const given = await roentgen(train('given', '--model', join(folder, 'whole', 'autoencoder', 'model'), '--json'));
  assert.equal(given.status, 0, given.stderr);
  assert.deepEqual(Object.keys(JSON.parse(given.stdout).parts), ['singles', 'triples']);
  assert.ok(weights('whole').equals(weights('given')));
  const again = await roentgen(train('parts'));
  assert.deepEqual([again.status, /holds a finished run/.test(again.stderr)], [2, true]);

  const model = join(folder, 'parts', 'model');
  type Table = { name: string; rows: Record<string, { value: number } | number>[] };
  const tables = async (...args: string[]): Promise<(name: string) => Table['rows']> => {
    const measured = await roentgen(['biomedjourney', ...args, '--draws', '20', '--json']);
    assert.equal(measured.status, 0, measured.stderr);
    const result = JSON.parse(measured.stdout) as { tables: Table[] };
    return (name) => result.tables.find((each) => each.name === name)!.rows;
  };
  const value = (row: Table['rows'][number], column: string): number => (row[column] as { value: number }).value;
  const measured = await tables('evaluate', model, '--recipe', file, '--out', join(folder, 'measured'));
  const rows = Object.fromEntries(measured('biomedjourney').map((row) => [row.images as unknown as string, row]));
  const [copied, best, made] = [rows['the prior, copied']!, rows['the exact counterfactual']!, rows.edited!];
  assert.deepEqual([value(copied, 'identified'), value(best, 'error of the change'), value(best, 'label KL')], [100, 0, 0]);
  assert.ok(value(copied, 'error of the change') > 0.02 && value(copied, 'error elsewhere') < 0.02);
  assert.ok(value(made, 'error elsewhere') > value(copied, 'error elsewhere'));
  assert.equal(measured('paper-biomedjourney')[3]!['paper: CMIG'], 83.23);
  assert.ok(existsSync(join(folder, 'measured', 'sheet.png')));

  const plane = await tables(
    'guidance',
    model,
    '--recipe',
    file,
    '--out',
    join(folder, 'plane'),
    '--text',
    '1.5,4',
    '--image',
    '1',
    '--journeys',
    '4',
  );
  assert.deepEqual(
    plane('guidance-plane').map((row) => row['guidance by text']),
    [1.5, 4],
  );
  assert.ok(existsSync(join(folder, 'plane', 'plane.png')));

  const table = await tables('variants', file, '--out', join(folder, 'parts'));
  const names = table('biomedjourney').map(({ images }) => images as unknown as string);
  assert.equal(names.length, 10);
  const log = (part: string): number =>
    readFileSync(join(folder, 'parts', part, 'log.jsonl'), 'utf8')
      .trim()
      .split('\n').length;
  assert.deepEqual(['singles', 'triples', 'one-stage', 'unregistered', 'impression'].map(log), [40, 3, 43, 3, 3]);

  const image = join(folder, 'prior.png');
  await writePng(image, { width: 64, height: 64, channels: 1, data: Uint8Array.from({ length: 64 ** 2 }, (_, i) => i % 256) });
  const edit = ['edit', model, '--image', image, '--text', 'New effusion.', '--steps', '2', '--out', join(folder, 'edits')];
  const edited = await roentgen(edit);
  assert.equal(edited.status, 0, edited.stderr);
  assert.ok(existsSync(join(folder, 'edits', '0000.png')));
});

test('patients of a folder with labels over time are learnt from; one without pairs is refused', { timeout: 600_000 }, async (t) => {
  const folder = tempDir(t);
  const file = join(folder, 'tiny.json');
  writeFileSync(file, JSON.stringify({ ...recipe, singles: { steps: 2 }, registration: { kind: 'affine', drop: 0, least_score: -1 } }));
  /** NIH's prepared form, with invented images. */
  const collection = async (name: string, visits: number): Promise<string> => {
    const place = join(folder, name);
    mkdirSync(place);
    const lines = ['image,patient_id,age,sex,view,labels'];
    for (let patient = 1; patient <= 4; patient++)
      for (let visit = 0; visit < visits; visit++) {
        const image = `0000000${patient}_00${visit}.png`;
        const data = Uint8Array.from({ length: 1024 }, (_, i) => (i * (patient + 1) + 9 * visit + 3 * (i >> 5)) % 256);
        await writePng(join(place, image), { width: 32, height: 32, channels: 1, data });
        lines.push(`${image},${patient},60,F,PA,${visit % 2 ? 'Effusion' : 'No Finding'}`);
      }
    writeFileSync(join(place, 'manifest.csv'), `${lines.join('\n')}\n`);
    return place;
  };
  const train = (data: string, out: string) =>
    roentgen(['biomedjourney', 'train', file, '--data', data, '--out', join(folder, out), '--json'], { cwd: folder });
  const learnt = await train(await collection('several', 3), 'run');
  assert.equal(learnt.status, 0, learnt.stderr);
  assert.doesNotMatch(learnt.stderr + learnt.stdout, /00000001_00|New effusion/);
  const single = await train(await collection('single', 1), 'other');
  assert.equal(single.status, 2);
  assert.match(single.stderr, /has no pair of one patient's images to learn from/);
});
