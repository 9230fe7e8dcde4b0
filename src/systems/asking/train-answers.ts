/** Training of what is asked about radiographs: the loss is of answers alone, the encoder of images stays as it is. */

import { dispose, type Key, type Tree } from '../../engine';
import { merge, partition } from '../../engine/internal';
import type { Rows } from '../../files';
import { type Optimisation, type StepLog, train, type Watched } from '../../training';
import { answersLoss, type DialogueBatch, dialogueBatch } from './batch';
import { batchOrder, rowLength } from './batch-order';
import type { AskedModel } from './network';
import type { Dialogue } from './tokens';

export interface TrainAnswersOptions extends Watched {
  /** Borrowed. */
  readonly model: AskedModel;
  readonly dialogues: readonly Dialogue[];
  /** What the encoder says of all images (`imageStates`); absent where dialogues have none, as where a language model learns texts. */
  readonly states?: Rows;
  /** Whether a parameter trains, by its path. Those of the encoder never do. */
  readonly trains: (path: string) => boolean;
  /** The most tokens of a row; a batch's rows are as long as its longest dialogue. */
  readonly length: number;
  readonly optimisation: Optimisation;
  readonly key: Key;
}

/**
 * @returns all parameters, which the caller disposes
 * @throws RangeError where there is no dialogue, or nothing trains; the signal's reason where it was raised: with checkpoints the same call goes on
 */
export async function trainAnswers(
  options: TrainAnswersOptions,
): Promise<{ readonly params: Tree; readonly seconds: number; readonly log: readonly StepLog[] }> {
  const { model, dialogues, states, trains, length, optimisation, key, signal, onStart, onStep, checkpoints } = options;
  const { network, params: given, tokenizer } = model;
  const { facts } = network.language(given);
  if (length > facts.longest)
    throw new RangeError(`${network.name}: rows of ${length} tokens are more than the language model's ${facts.longest} positions`);
  const lengths = dialogues.map(({ prompt, answer }) => prompt.length + answer.length);
  const order = batchOrder(key, lengths, optimisation.batch_size);
  const [params, frozen] = partition(given, trains) as [Tree, Tree];
  const result = await train<Tree, Tree, Tree>({
    params,
    frozen,
    batch(index) {
      const rows = Array.from(order(index));
      const shape = {
        length: rowLength(
          rows.map((row) => lengths[row]!),
          length,
        ),
        padding: tokenizer.padId,
      };
      return dialogueBatch(
        network,
        rows.map((row) => dialogues[row]!),
        shape,
        states,
      );
    },
    loss: (weights, batch, fixed) => ({ loss: answersLoss(network, merge<Tree>(weights, fixed), batch as DialogueBatch), aux: {} }),
    optimisation,
    ...(signal && { signal }),
    ...(onStart && { onStart }),
    ...(onStep && { onStep }),
    ...(checkpoints && { checkpoints }),
  });
  const trained = merge<Tree>(given, result.params, result.frozen); // in the given order, which sums over the tree follow
  if (result.interrupted) {
    dispose(trained);
    signal?.throwIfAborted();
    throw new Error('the training was interrupted; run it again');
  }
  return { params: trained, seconds: result.seconds, log: result.log };
}
