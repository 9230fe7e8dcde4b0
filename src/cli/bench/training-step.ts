/** A step of training as it is timed. */

import { dispose, type Tree } from '../../engine';
import { collectGarbage } from '../../engine/internal';
import type { Optimisation, TrainLoss } from '../../training';
import { compileTrainStep, initTrainState, stepScalars } from '../../training/internal';

/**
 * @param params and `frozen` are the step's from now on
 * @returns a step on a batch, which it borrows; it gives the loss before it
 */
export function trainingStep<P extends Tree, B extends Tree, F extends Tree>(
  { params, frozen }: { readonly params: P; readonly frozen: F },
  loss: TrainLoss<P, B, F>,
  optimisation: Optimisation,
): (batch: B) => number {
  const state = initTrainState(params, optimisation);
  const step = compileTrainStep(state, frozen, loss, optimisation);
  dispose(state, params, frozen);
  collectGarbage();
  let t = 0;
  return (batch) => {
    t += 1;
    const scalars = stepScalars(t, optimisation, true);
    const outputs = step.run(batch, scalars);
    const [value] = outputs.loss.dataSync();
    dispose(outputs, scalars);
    return value!;
  };
}
