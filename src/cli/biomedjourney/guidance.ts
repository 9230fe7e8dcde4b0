/** `roentgen biomedjourney guidance`: what guidance by text gains, what it costs, and what guidance by the image gives back. */

import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { startEngine } from '../../engine';
import { guidancePlane } from '../../evaluation';
import { claimFolder, writeFileAtomic } from '../../files/internal';
import { disposeModel, loadModel } from '../../pipelines';
import { loadJourneyRecipe } from '../../systems';
import { asUsage, type Context } from '../context';
import { findModel } from '../models';
import { wholeNumber } from '../numbers';
import { withInstruments } from './measured';
import { showResult } from './result';

interface Flags {
  recipe: string;
  out: string;
  text: readonly number[];
  image: readonly number[];
  journeys: number;
  seed: number;
  draws: number;
  json?: boolean;
}

/** `1.5,3`. */
function scales(list: string): number[] {
  const values = list.split(',').map(Number);
  if (!values.every(Number.isFinite)) throw new InvalidArgumentError('expected scales such as 1.5,3.');
  return values;
}

/** The command's arguments, options and action. */
export function addGuidance(command: Command, context: Context): void {
  command
    .description('the trade-off of guidance by text and by image: measures at each place of a grid, as a table and a plot')
    .argument('<model>', 'a model that was trained to edit')
    .option('--recipe <name>', 'the recipe that it was trained by', 'laptop')
    .option('--out <folder>', 'where result.json and plane.png go', 'runs/journey-guidance')
    .option('--text <scales>', 'of guidance by text, above 1', scales, [1.5, 2, 3, 5])
    .option('--image <scales>', 'of guidance by image, from 1', scales, [1, 1.5, 2.5])
    .option('--journeys <n>', 'how many priors are edited at each place', wholeNumber(2), 64)
    .option('--seed <n>', 'fixes the noise of every picture', wholeNumber(0), 1)
    .option('--draws <n>', 'of the bootstrap', wholeNumber(1), 1000)
    .option('--json', 'print the table as JSON')
    .action((model: string, flags: Flags) => guidance(model, flags, context));
}

async function guidance(named: string, flags: Flags, context: Context): Promise<void> {
  const command = 'biomedjourney guidance';
  const started = performance.now();
  const loaded = await loadJourneyRecipe(flags.recipe);
  const { seed, draws, text, image, journeys } = flags;
  const recipe = { ...loaded, triples: { ...loaded.triples, test: journeys } };
  const folder = findModel(command, named);
  const out = resolve(flags.out);
  claimFolder(out, 'a plane of guidances', ['result.json']);
  const engine = await startEngine({ seed });
  const plane = await withInstruments(command, recipe, context, async ({ truth, instruments, bars }) => {
    const model = await asUsage(command, () => loadModel(folder));
    try {
      const options = { recipe, seed, draws: { key: engine.key, draws }, signal: context.signal, onProgress: bars.show };
      return await asUsage(command, () => guidancePlane(model, truth, instruments, { text, image }, options));
    } finally {
      disposeModel(model);
    }
  });
  await showResult(
    out,
    { tables: [plane.table] },
    { model: folder, recipe: recipe.name, seed, draws, journeys, device: engine.device },
    { started, ...(flags.json && { json: true }), context },
  );
  const png = plane.figure.bundle()['image/png'];
  if (typeof png === 'string') await writeFileAtomic(join(out, 'plane.png'), Buffer.from(png, 'base64'));
}
