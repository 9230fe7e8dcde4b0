/** A recorded graph that can be run. */

import type * as tf from '@tensorflow/tfjs-core';

/** A graph that can be run, and its state, until `close`. Tensors that it takes are borrowed, those that it returns are the caller's. */
export interface Session {
  /** One call: replaces the state, and returns the outputs. */
  run(inputs: readonly tf.Tensor[]): tf.Tensor[];
  /** Copies of the state's leaves. */
  read(): tf.Tensor[];
  /** Replaces the state's leaves by copies. */
  write(values: readonly tf.Tensor[]): void;
  /** Takes the state over from another session, which must not be run before it is written to or has taken one; false where it can't without `read`. */
  takeFrom(other: Session): boolean;
  close(): void;
}
