import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import { readImage, writePng } from 'roentgen-lab/files';
import { phantomViewStudies } from 'roentgen-lab/systems';
import { tempDir } from '../support';
import { SIZE, tinyRecipe } from '../systems/viewxgen/tiny';
import { roentgen } from './run';

test('viewxgen train stops and goes on, generate makes a view and a report, evaluate the table', async (t) => {
  const folder = tempDir(t);
  const recipe = join(folder, 'recipe.json');
  writeFileSync(recipe, JSON.stringify(await tinyRecipe({ autoencoder: 8, sequence: 4 })));
  const run = join(folder, 'run');
  const train = ['viewxgen', 'train', recipe, '--out', run, '--json'];
  const log = join(run, 'autoencoder', 'log.jsonl');
  const stopped = await roentgen(train, { interruptWhen: () => existsSync(log) && readFileSync(log, 'utf8') !== '' });
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.match(stopped.stderr, /the same command goes on/);
  const done = await roentgen(train);
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stderr, /About \d+ MiB of memory; 40 studies with \d+ images/);
  const { codes } = JSON.parse(done.stdout);
  assert.ok(codes.of === 16 && codes.used >= 1 && codes.perplexity >= 1);
  assert.match((await roentgen(train)).stderr, /holds a finished run/);

  await startEngine();
  const { pixels } = await phantomViewStudies('test', 2, { size: SIZE, images: 3 });
  const data = Uint8Array.from(await pixels.read([0]), (value) => Math.round(255 * value));
  const image = join(folder, 'PA.png');
  await writePng(image, { width: SIZE, height: SIZE, channels: 1, data });
  const model = join(run, 'model');
  const generate = ['viewxgen', 'generate', model];
  const report = 'Left effusion. '.repeat(40);
  const view = ['--view', 'lateral', '--report', report, '--image', image, '--count', '2', '--out', join(folder, 'views'), '--json'];
  const made = await roentgen([...generate, ...view]);
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stderr, /The report has \d+ tokens; the last \d+ are not read/);
  const { files } = JSON.parse(made.stdout);
  assert.equal(files.length, 2);
  assert.deepEqual((await readImage(files[0])).width, SIZE);
  const written = await roentgen([...generate, '--image', `LL=${image}`, '--seed', '2']);
  assert.equal(written.status, 0, written.stderr);
  assert.match(written.stderr, /not for diagnosis/);
  assert.equal(
    (await roentgen([...generate, '--image', `LL=${image}`, '--seed', '2'])).stdout,
    written.stdout,
    'the same seed, the same report',
  );

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /give --view to make an image, or --image to write a report of/],
    [['--view', 'OBLIQUE', '--out', 'x'], /expected one of AP, PA, LATERAL, LL, got "OBLIQUE"/],
    [['--view', 'PA'], /--view needs --out/],
    [['--report', 'a', '--image', image], /--report is for a view/],
    [['--image', recipe], /say which view it is/],
    [
      ['--view', 'AP', '--out', join(folder, 'more'), ...['PA', 'AP', 'LL'].flatMap((name) => ['--image', `${name}=${image}`])],
      /at most 2 views beside/,
    ],
  ];
  for (const [flags, message] of wrong) {
    const failed = await roentgen([...generate, ...flags]);
    assert.equal(failed.status, 2, flags.join(' '));
    assert.match(failed.stderr, message);
  }
  assert.match((await roentgen(['viewxgen', 'generate', join(folder, 'nowhere'), '--view', 'PA', '--out', 'x'])).stderr, /is not there/);

  const evaluation = join(folder, 'evaluation');
  const evaluate = ['viewxgen', 'evaluate', recipe, '--out', evaluation, '--draws', '20', '--diffusion'];
  const other = await roentgen([...evaluate, 'smoke']);
  assert.equal(other.status, 2);
  assert.match(other.stderr, /recipe smoke is for images of 64 pixels, and the studies have 16/);
  const diffusion = join(folder, 'diffusion.json');
  const steps = { optimisation: { steps: 2, batch_size: 4 } };
  // Prompts are shorter than reports: both lengths are below the network's 24 tokens of a text.
  const short = { tokenizer: { max_length: 16 }, text_encoder: { config: { max_position_embeddings: 16 } } };
  writeFileSync(
    diffusion,
    JSON.stringify({
      extends: 'smoke',
      size: SIZE,
      unet: { sample_size: 4 },
      vae: steps,
      diffusion: steps,
      sampling: { steps: 2 },
      ...short,
    }),
  );
  const evaluated = await roentgen([...evaluate, diffusion]);
  assert.equal(evaluated.status, 0, evaluated.stderr);
  const { tables, findings } = JSON.parse(readFileSync(join(evaluation, 'result.json'), 'utf8'));
  const [reports, views, rulings] = tables as { rows: Record<string, unknown>[] }[];
  assert.deepEqual(
    [...new Set(reports!.rows.map((row) => row.by))],
    ['one network for both', 'one network for each', 'nearest training study'],
  );
  // The studies themselves besides, and a latent diffusion model, which no other views can be given.
  assert.equal(views!.rows.length, (4 * reports!.rows.length) / 3 + 3);
  assert.equal(views!.rows.filter((row) => row.by === 'latent diffusion model' && /^1 of/.test(String(row['k of n']))).length, 3);
  assert.ok(views!.rows.every((row) => typeof row['k of n'] === 'string'));
  assert.equal(rulings!.rows.length, 6, 'AP, PA and lateral, of studies that have it and that lack it');
  assert.ok(findings.length >= 4);
});
