/** What every evaluation of edits begins with: the recipe, the test journeys and the instruments. */

import { phantomSplit } from '../../datasets';
import { type JourneyInstruments, type JourneyTruth, journeyInstruments, journeyTruth } from '../../evaluation';
import type { JourneyRecipe } from '../../systems';
import { type Context, Interrupted } from '../context';
import { type OneBar, oneBar } from '../one-bar';

export interface Measuring {
  readonly truth: JourneyTruth;
  readonly instruments: JourneyInstruments;
  readonly bars: OneBar;
}

/** Runs an evaluation with its truth and instruments, with a bar; the instruments are freed afterwards. @throws Interrupted where the signal was raised */
export async function withInstruments<T>(
  command: string,
  recipe: JourneyRecipe,
  context: Context,
  evaluate: (measuring: Measuring) => Promise<T>,
): Promise<T> {
  const { signal } = context;
  const bars = oneBar();
  let instruments: JourneyInstruments | undefined;
  try {
    instruments = await journeyInstruments(recipe.model, phantomSplit(recipe.model.data).train, { signal, onProgress: bars.show });
    const truth = await journeyTruth(recipe, instruments, { signal });
    return await evaluate({ truth, instruments, bars });
  } catch (error) {
    if (signal.aborted && !(error instanceof Interrupted)) throw new Interrupted(`${command}: interrupted; the same command goes on`);
    throw error;
  } finally {
    bars.end();
    instruments?.dispose();
  }
}
