/** One call of a function recorded as a TensorFlow graph. */

import type * as tf from '@tensorflow/tfjs-core';
import type { RecordedGraph } from './graph';
import { scope } from './memory';
import { Recorder, type TracedResult, type UpdatedVariables } from './recorder';
import type { OpAttribute, TensorForm } from './tensorflow';

/** The recording under way, where there is one. */
let underway: Recorder | undefined;

/** Whether a call is being recorded and `x` is a leaf of its state, so that `updateVariables` can change it in place. */
export function isVariable(x: tf.Tensor): boolean {
  return underway?.isVariable(x) ?? false;
}

/**
 * An op of TensorFlow that changes state leaves where they lie, such as ResourceApplyAdam: nothing is computed now, and nothing is held twice when
 * the graph runs. Such ops run one after the other in the order of the calls, after every op that reads their leaves' old values has been given them.
 *
 * @param leaves the op's resources, leaves of the state being recorded (`isVariable`); what the step returns in their place must be the results
 * @param inputs the op's further inputs, in its order
 * @param like   a tensor of the shape and type of the op's first result, where it has one that is wanted
 * @returns      the leaves' values after the op, and that result; only their shapes mean something while recording
 */
export function updateVariables(
  op: string,
  leaves: readonly tf.Tensor[],
  inputs: readonly tf.Tensor[],
  attributes: readonly OpAttribute[],
  like?: tf.Tensor,
): UpdatedVariables {
  if (!underway) throw new Error(`updateVariables: ${op}: no call is being recorded`);
  return underway.update(op, leaves, inputs, attributes, like);
}

/**
 * Records `call`, which must compute from the tensors that it is given by tensor ops alone. These stand for a state and inputs of the forms given, and
 * nothing is computed from them.
 *
 * @throws Error where it reads a value that depends on them into JavaScript: that would be frozen into the graph
 */
export function record(
  state: readonly TensorForm[],
  inputs: readonly TensorForm[],
  call: (state: readonly tf.Tensor[], inputs: readonly tf.Tensor[]) => TracedResult,
): RecordedGraph {
  return scope(() => {
    const recorder = new Recorder(state, inputs);
    const outer = underway;
    underway = recorder;
    try {
      return recorder.during(() => scope(() => recorder.finish(call(recorder.state, recorder.inputs))));
    } finally {
      underway = outer;
    }
  });
}
