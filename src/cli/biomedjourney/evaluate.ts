/** `roentgen biomedjourney evaluate`: edits of the phantom's patients against what their images would have been. */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { startEngine } from '../../engine';
import { evaluateEdits } from '../../evaluation';
import { claimFolder } from '../../files/internal';
import { disposeModel, loadModel } from '../../pipelines';
import { loadJourneyRecipe } from '../../systems';
import { asUsage, type Context } from '../context';
import { findModel } from '../models';
import { wholeNumber } from '../numbers';
import { withInstruments } from './measured';
import { showResult, writeSheet } from './result';

interface Flags {
  recipe: string;
  out: string;
  seed: number;
  draws: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addEvaluateJourney(command: Command, context: Context): void {
  command
    .description(
      'measure edits of patients of the phantom that were not learnt from, beside copies of the prior, the true later image and the exact counterfactual; within their regions; and of contradictory instructions',
    )
    .argument('<model>', 'a model that was trained to edit')
    .option('--recipe <name>', 'the recipe that it was trained by', 'laptop')
    .option('--out <folder>', 'where result.json and a sheet of 24 edits go', 'runs/journey-evaluation')
    .option('--seed <n>', 'fixes the noise of every picture', wholeNumber(0), 1)
    .option('--draws <n>', 'of the bootstrap', wholeNumber(1), 1000)
    .option('--json', 'print the measures as JSON')
    .action((model: string, flags: Flags) => evaluate(model, flags, context));
}

async function evaluate(named: string, flags: Flags, context: Context): Promise<void> {
  const command = 'biomedjourney evaluate';
  const started = performance.now();
  const recipe = await loadJourneyRecipe(flags.recipe);
  const { seed, draws } = flags;
  const folder = findModel(command, named);
  const out = resolve(flags.out);
  claimFolder(out, 'an evaluation of edits', ['result.json']);
  const engine = await startEngine({ seed });
  const { truth, ...result } = await withInstruments(command, recipe, context, async ({ truth, instruments, bars }) => {
    const model = await asUsage(command, () => loadModel(folder));
    try {
      const options = { recipe, seed, draws, signal: context.signal, onProgress: bars.show };
      return { truth, ...(await asUsage(command, () => evaluateEdits(model, truth, instruments, options))) };
    } finally {
      disposeModel(model);
    }
  });
  await showResult(
    out,
    result,
    { model: folder, recipe: recipe.name, guidance: recipe.guidance, seed, draws, journeys: truth.count, device: engine.device },
    { started, ...(flags.json && { json: true }), context },
  );
  await writeSheet(
    join(out, 'sheet.png'),
    truth,
    result.rows.filter(({ name }) => name.startsWith('edited') || name.startsWith('the exact')),
  );
}
