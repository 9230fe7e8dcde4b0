/** `roentgen biomedjourney evaluate`: edits of the phantom's patients against what their images would have been. */

import type { Command } from 'commander';
import { loadPixels, phantomSplit } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { progress } from '../../display';
import { dispose, key, startEngine } from '../../engine';
import { bootstrap, type Estimate } from '../../evaluation';
import { bootstrapMean, textOf } from '../../evaluation/internal';
import { keptClassifier } from '../../experiments';
import { readRange } from '../../files/internal';
import { classify } from '../../metrics';
import { disposeModel, editImage, loadModel, type Model } from '../../pipelines';
import {
  type JourneyRecipe,
  type Journeys,
  journeyPixels,
  loadJourneyRecipe,
  measureEdits,
  pathologyAuc,
  phantomJourneys,
} from '../../systems';
import { asUsage, type Context } from '../context';
import { findModel } from '../models';
import { wholeNumber } from '../numbers';
import { JOURNEY_SEEDS } from './seeds';

interface Flags {
  recipe: string;
  seed: number;
  json?: boolean;
}

/** What an image is measured by. */
type Row = Record<'pathologyAuc' | 'identified' | 'changeError' | 'stillError', Estimate>;

/** The command's arguments, options and action. */
export function addEvaluateJourney(command: Command, context: Context): void {
  command
    .description(
      'measure edits of patients of the phantom that were not learnt from, beside copies of the prior, the true later image and the exact counterfactual',
    )
    .argument('<model>', 'a model that was trained to edit')
    .option('--recipe <name>', 'the recipe that it was trained by', 'laptop')
    .option('--seed <n>', 'fixes the noise of every picture', wholeNumber(0), 1)
    .option('--json', 'print the measures as JSON')
    .action((model: string, flags: Flags) => evaluate(model, flags, context));
}

/** The edits of all journeys' priors, one after another. */
async function edits(
  model: Model,
  recipe: JourneyRecipe,
  journeys: Journeys,
  priors: Float32Array,
  seed: number,
  context: Context,
): Promise<Float32Array> {
  const { size, sampling } = recipe.model;
  const area = size * size;
  const bar = progress(journeys.length, 'Edits');
  let done = 0;
  const results = await editImage(model, {
    images: journeys.instructions.map((_, i) => ({
      pixels: priors.subarray(i * area, (i + 1) * area),
      width: size,
      height: size,
      channels: 1,
    })),
    prompts: journeys.instructions,
    guidance: recipe.guidance.text,
    imageGuidance: recipe.guidance.image,
    steps: sampling.steps,
    seed,
    signal: context.signal,
    onImages: (images) => {
      done += images.length;
      bar.update(done);
    },
  }).finally(() => bar.end());
  const pixels = new Float32Array(results.length * area);
  for (const [i, result] of results.entries()) pixels.set(result.pixels, i * area);
  return pixels;
}

async function evaluate(named: string, flags: Flags, context: Context): Promise<void> {
  const recipe = await loadJourneyRecipe(flags.recipe);
  const { model: base, triples } = recipe;
  const { size } = base;
  const { signal } = context;
  const folder = findModel('biomedjourney evaluate', named);
  const engine = await startEngine({ seed: flags.seed });
  const journeys = phantomJourneys({ seed: JOURNEY_SEEDS.test, count: triples.test });
  const { priors, laters } = await journeyPixels(
    journeys,
    size,
    recipe.registration && { ...recipe.registration, drop: 0, least_score: -1 },
    { signal },
  );
  const [before, after] = [await readRange(priors, 0, journeys.length), await readRange(laters, 0, journeys.length)];
  const exact = await loadPixels(journeys.exact!, size, { signal });
  const model = await asUsage('biomedjourney evaluate', () => loadModel(folder));
  const edited = await asUsage('biomedjourney evaluate', () => edits(model, recipe, journeys, before, flags.seed, context)).finally(() =>
    disposeModel(model),
  );
  const classifier = await keptClassifier(base, phantomSplit(base.data).train, { signal });
  const { findings } = classifier.config;
  const records = recordsOf(journeys.laters);
  const labels = records.map((record) => findings.map((finding) => record.labels[finding] ?? 0));
  const patients = records.map(({ patient }) => patient);
  const measure = (results: Float32Array): Row => {
    const { presence } = classify(classifier, results);
    const scores = labels.map((_, i) => presence.subarray(i * findings.length, (i + 1) * findings.length));
    const { changeError, stillError, identified } = measureEdits({ results, priors: before, exact, area: size * size }, patients);
    const draws = { key: key(flags.seed) };
    const auc = (rows: Int32Array): number =>
      pathologyAuc(
        Array.from(rows, (i) => labels[i]!),
        Array.from(rows, (i) => scores[i]!),
      ).mean;
    return {
      pathologyAuc: bootstrap(labels.length, auc, draws),
      identified: bootstrapMean(identified, draws),
      changeError: bootstrapMean(
        changeError.filter((error) => !Number.isNaN(error)),
        draws,
      ),
      stillError: bootstrapMean(stillError, draws),
    };
  };
  const rows: Record<string, Row> = {
    edited: measure(edited),
    'the prior, copied': measure(before),
    'the true later image': measure(after),
    'the exact counterfactual': measure(exact),
  };
  dispose(classifier.params);
  if (flags.json) {
    context.print(
      JSON.stringify(
        { model: folder, recipe: recipe.name, seed: flags.seed, journeys: journeys.length, device: engine.device, rows },
        null,
        2,
      ),
    );
    return;
  }
  for (const [name, row] of Object.entries(rows)) {
    const { pathologyAuc: auc, identified, changeError, stillError } = row;
    context.print(
      `${name}: pathology AUC ${textOf(auc, 3)}; identified ${textOf(identified, 3)}; error where it changes ${textOf(changeError, 4)}, elsewhere ${textOf(stillError, 4)}`,
    );
  }
}
