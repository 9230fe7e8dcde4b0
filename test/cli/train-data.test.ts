/** `roentgen train` on people's folders: where its table is, what of it is lost, where the run may go, which encoder it finds. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { dispose, key, type Tree, uniformArray } from 'roentgen-lab/engine';
import { writePng } from 'roentgen-lab/files';
import { initBert, saveTextEncoder } from '#encoders/internal';
import { modelsFolder } from '#files/internal';
import { wordVocabulary } from '#tokenizers/internal';
import { atEnd, noLeaks, root, tempDir } from '../support';
import { tiniest } from '../tiniest';
import { type Ended, roentgen } from './run';

const few = { steps: 2, batch_size: 2, learning_rate: { warmup: 1 } };
const tiny = {
  extends: 'smoke',
  name: 'tiny',
  ...tiniest,
  vae: { ...tiniest.vae, optimisation: few },
  diffusion: { optimisation: few },
  sampling: { steps: 1 },
};

/** Twelve pictures of noise; of their texts one is a spreadsheet's word for nothing, one empty, and two too long for the window. */
async function pictures(folder: string): Promise<void> {
  mkdirSync(folder);
  const texts = ['nan', '', ...Array<string>(2).fill(`${'effusion and edema '.repeat(30)}.`), ...Array<string>(8).fill('Secret sentence.')];
  const rows = texts.map((text, i) => `p${i}.png,"${text}",${text === '' ? 'x' : i}`);
  writeFileSync(join(folder, 'texts.csv'), ['file,report,who', ...rows].join('\n'));
  for (const i of texts.keys()) {
    const data = Uint8Array.from(uniformArray(key(i), 4096), (value) => Math.floor(256 * value));
    await writePng(join(folder, `p${i}.png`), { width: 64, height: 64, channels: 1, data });
  }
}

const columns = ['--image-column', 'file', '--text-column', 'report', '--patient-column', 'who'];

/** A text encoder in the clone's models, where `roentgen models get` puts them. */
async function encoderInModels(t: TestContext): Promise<string> {
  const name = `test-encoder-${process.pid}`;
  const folder = join(modelsFolder, name);
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  const tokenizer = wordVocabulary(['Secret sentence. Effusion and edema.'], { vocabularySize: 60, maxLength: 16 });
  const config = {
    model_type: 'bert' as const,
    vocab_size: tokenizer.vocabularySize,
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 16,
    pad_token_id: tokenizer.padId,
  };
  const params = initBert(config, key(1));
  await saveTextEncoder(folder, { config, params });
  await tokenizer.save(folder);
  dispose(params as unknown as Tree);
  return name;
}

test(
  'a table is found in the folder of images, and an encoder in models, from any folder; what is lost of the texts is counted',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    await pictures(join(folder, 'images'));
    mkdirSync(join(folder, 'run'));
    writeFileSync(join(folder, 'run', '.gitkeep'), ''); // a folder that git keeps is empty to a person
    writeFileSync(join(folder, 'tiny.json'), JSON.stringify(tiny));
    const train = (...args: string[]): Promise<Ended> => roentgen(['train', ...args], { cwd: folder });
    const first = await train('tiny.json', '--data', 'images', '--csv', 'texts.csv', ...columns, '--out', 'run');
    assert.equal(first.status, 0, first.stderr);
    const lost = 'texts.csv: 2 of 12 rows have no text and are left out (rows 2, 3).';
    const config = (run: string): { notes: string[]; data: object } => JSON.parse(readFileSync(join(folder, run, 'config.json'), 'utf8'));
    const [rows, cut] = config('run').notes;
    assert.equal(rows, lost);
    assert.match(cut!, /^[12] of 8 texts are longer than 24 tokens and are cut\.$/);
    assert.equal(config('run').notes.length, 2);
    const images = join(folder, 'images');
    const data = { data: images, csv: join(images, 'texts.csv'), imageColumn: 'file', textColumn: 'report', patientColumn: 'who' };
    assert.deepEqual(config('run').data, data);
    for (const note of [lost, cut!]) {
      assert.equal(first.stderr.split(note).length, 2, `said once: ${note}`);
      assert.ok(readFileSync(join(folder, 'run', 'report.html'), 'utf8').includes(note));
    }
    assert.doesNotMatch(first.stderr + first.stdout, /Secret|effusion/);

    const encoder = await encoderInModels(t);
    const strategy = { name: 'encoder-swap', encoder: `models/${encoder}`, max_length: 16 };
    writeFileSync(join(folder, 'swap.json'), JSON.stringify({ ...tiny, diffusion: { ...tiny.diffusion, strategy } }));
    const second = await train(
      'swap.json',
      '--data',
      'images',
      '--csv',
      'texts.csv',
      ...columns,
      '--model',
      'run/model',
      '--out',
      'swapped',
    );
    assert.equal(second.status, 0, second.stderr);
    assert.match(config('swapped').notes[1]!, /^[12] of 8 texts are longer than 16 tokens and are cut\.$/, 'by the tokenizer that trains');
  }),
);

test('a folder that holds something else is refused before anything is written, by every command that fills one', async (t) => {
  const folder = tempDir(t);
  const precious = join(folder, 'precious');
  mkdirSync(join(precious, 'model'), { recursive: true });
  for (const name of ['report.html', 'model/README.md', '.hidden']) writeFileSync(join(precious, name), 'precious');
  const base = join(folder, 'base');
  mkdirSync(base);
  writeFileSync(join(base, 'model_index.json'), '{}');
  const name = `test-foreign-${process.pid}`;
  const run = join(root, 'runs', name);
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'config.json'), '{}'); // as roentgen train leaves it: a run, but no quickstart
  atEnd(t, () => rmSync(run, { recursive: true }));
  const refused = async (args: readonly string[], message: RegExp): Promise<void> => {
    const { status, stderr } = await roentgen(args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  };
  const held = 'precious: holds model, report\\.html, but not';
  await refused(['train', 'smoke', '--out', precious], new RegExp(`${held} a run; nothing was written, give a new or empty folder`));
  await refused(['train', 'smoke', '--out', precious, '--resume'], new RegExp(`${held} a run`));
  await refused(['train', 'smoke', '--out', join(precious, 'report.html')], /report\.html: is a file; give a folder for a run/);
  await refused(['mlm', '--out', precious], new RegExp(`${held} an encoder in training`));
  await refused(['strategies', '--model', base, '--out', precious], new RegExp(`${held} rows of strategies`));
  await refused(['quickstart', '--name', name], new RegExp(`${name}: holds config\\.json, but not a quickstart`));
  assert.deepEqual(readdirSync(precious).sort(), ['.hidden', 'model', 'report.html']);
  for (const file of ['report.html', 'model/README.md', '.hidden']) assert.equal(readFileSync(join(precious, file), 'utf8'), 'precious');
});

test('what is wrong with the data is told before training, with the exit status of bad input', async (t) => {
  const folder = tempDir(t);
  await pictures(join(folder, 'images'));
  const refused = async (args: readonly string[], message: RegExp): Promise<void> => {
    for (const command of [
      ['train', 'smoke', '--out', join(folder, 'run')],
      ['quickstart', '--name', 'test-none'],
    ]) {
      const { status, stderr } = await roentgen([...command, ...args], { cwd: folder });
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
    }
  };
  await refused(['--data', 'images', '--csv', 'none.csv', ...columns], /none\.csv: there is no such file, neither here nor in .*images/);
  await refused(['--data', 'images', '--csv', 'texts.csv'], /say which of its columns hold the images' files and their texts/);
  await refused(['--data', 'images'], /images: is of no known layout; name texts\.csv with --csv/);
  await refused(['--csv', 'texts.csv', ...columns], /--csv and its columns describe a folder of images; name it with --data/);
  writeFileSync(join(folder, 'images', 'one.csv'), 'file,report,who\np0.png,x,1\np1.png,y,1\n');
  await refused(['--data', 'images', '--csv', 'one.csv', ...columns], /images holds one patient; expected at least two/);
});
