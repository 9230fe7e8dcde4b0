/** The rows of BiomedJourney's table, one model's edits and the plane of guidances, on models of a step or two: the way, and what is shared. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { phantomSplit, pixelRows } from 'roentgen-lab/datasets';
import { key, startEngine } from 'roentgen-lab/engine';
import { evaluateEdits, evaluateVariants, guidancePlane, journeyInstruments, journeyTruth } from 'roentgen-lab/evaluation';
import { disposeModel } from 'roentgen-lab/pipelines';
import {
  type JourneyRun,
  journeyPixels,
  keptJourney,
  loadJourneyRecipe,
  phantomJourneys,
  TWO_STAGES,
  triplesModel,
} from 'roentgen-lab/systems';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { noLeaks, tempDir } from '../support';
import { tiniest } from '../tiniest';

process.env.ROENTGEN_EAGER = '1'; // trainings of a step or two, which compiling would take longer than

const optimisation = (steps: number) => ({ optimisation: { steps, batch_size: 4, learning_rate: { warmup: 1 } } });

test(
  'rows are trained once, from one autoencoder and one first stage, and measured with copies and exact images; one model is measured by itself',
  { timeout: 900_000 },
  noLeaks(async (t) => {
    await startEngine();
    const folder = tempDir(t);
    const base = join(folder, 'base.json');
    const { vae, unet, text_encoder, size } = tiniest;
    writeFileSync(
      base,
      JSON.stringify({
        extends: 'smoke',
        name: 'base',
        size,
        vae: { ...vae, ...optimisation(1) },
        unet,
        text_encoder,
        diffusion: optimisation(1),
        classifier: optimisation(2),
        sampling: { steps: 2 },
        data: { train: 32, test: 8 },
      }),
    );
    const file = join(folder, 'recipe.json');
    writeFileSync(
      file,
      JSON.stringify({
        name: 'tiny',
        model: base,
        set: { 'tokenizer.max_length': 48, 'diffusion.original_dropout': 0.1 },
        singles: { steps: 1 },
        triples: { steps: 1, train: 6, test: 6, moved: { turn: 4, scale: 0.05, shift: 0.05 } },
        registration: { kind: 'similarity', drop: 0.2, least_score: -1 },
        guidance: { text: 2, image: 1.5 },
      }),
    );
    const recipe = await loadJourneyRecipe(file);
    const { train } = phantomSplit(recipe.model.data);
    const journeys = phantomJourneys({ seed: 3, count: 6, moved: recipe.triples.moved });
    const texts = Array.from({ length: train.length }, (_, i) => train.record(i).text);
    const trained: string[] = [];
    const asked: boolean[] = [];
    const run: JourneyRun = {
      folder: join(folder, 'run'),
      recipe,
      start: { tokenizer: trainBpe([...texts, ...journeys.instructions], { vocabularySize: 600, maxLength: 48 }) },
      keys: { model: key(1), autoencoder: key(2), stages: key(3) },
      singles: { pixels: await pixelRows(train, size), texts },
      triples: (registered) => {
        asked.push(registered);
        return journeyPixels(journeys, size, registered ? recipe.registration : undefined);
      },
      impressions: Array.from({ length: 6 }, (_, i) => journeys.laters.record(i).text),
      options: () => ({}),
      ended: (part, { log }) => void trained.push(`${part} ${log.length}`),
    };
    const instruments = await journeyInstruments(recipe.model, train);
    const truth = await journeyTruth(recipe, instruments);
    const variants = await evaluateVariants(run, truth, instruments, { seed: 1, draws: 10 });
    assert.deepEqual(trained, [
      'autoencoder 1',
      'singles 1',
      'triples 1',
      'one-stage 2',
      'unregistered 1',
      'one-stage-unregistered 2',
      'impression 1',
    ]);
    assert.deepEqual(asked, [true, true, false, false, true]);
    const [table, paper] = variants.tables;
    assert.equal(table!.rows.length, 10);
    assert.equal(paper!.rows[3]!['paper: CMIG'], 83.23);
    assert.equal(variants.findings.length, 6);
    const measured = (name: string) => variants.rows.find((row) => row.name === name)!.measured;
    assert.ok(measured('the prior, copied').identified.every((found) => found === 1));
    assert.ok(measured('the exact counterfactual').kl.every((divergence) => divergence === 0));
    assert.notDeepEqual(measured('no prior (RoentGen)').still, measured('image-to-image, strength 0.6').still);

    const written = (part: string): number => statSync(join(run.folder, part, 'model', 'model_index.json')).mtimeMs;
    const before = readdirSync(run.folder).map(written);
    const again = await evaluateVariants(run, truth, instruments, { seed: 1, draws: 10 });
    assert.equal(trained.length, 7, 'nothing is trained twice');
    assert.deepEqual(readdirSync(run.folder).map(written), before);
    assert.deepEqual(again.tables, variants.tables);

    const otherSeed = { ...run, keys: { ...run.keys, model: key(9) } };
    await assert.rejects(triplesModel(otherSeed, TWO_STAGES), /belongs to another run: its recipe, seed or images were others/);

    const model = await keptJourney({ folders: [join(folder, 'none'), run.folder], recipe });
    const edits = await evaluateEdits(model, truth, instruments, { recipe, seed: 1, draws: 10 });
    assert.deepEqual(
      edits.tables.map(({ name }) => name).filter((name) => name !== 'opposites'),
      ['biomedjourney', 'regions', 'paper-biomedjourney'],
    );
    const row = (name: string) => edits.rows.find((one) => one.name === name)!;
    assert.deepEqual(row('edited').results, variants.rows[0]!.results, 'the row of two stages is this model');
    const grid = { text: [1.5, 4], image: [1] };
    const options = { recipe, seed: 1, draws: { key: key(1), draws: 10 } };
    const plane = await guidancePlane(model, truth, instruments, grid, options);
    assert.deepEqual(
      plane.places.map(({ text, image }) => [text, image]),
      [
        [1.5, 1],
        [4, 1],
      ],
    );
    assert.notDeepEqual(plane.places[0]!.results, plane.places[1]!.results);
    await assert.rejects(
      guidancePlane(model, truth, instruments, { text: [1], image: [1] }, options),
      /1: expected scales of text above 1/,
    );
    disposeModel(model);
    instruments.dispose();
    assert.ok(!existsSync(join(folder, 'none')));
  }),
);
