/** Networks as compiled functions of their weights, which are held once. */

import { compile, compileStep, type Step } from './compile';
import { onGpu } from './raw';
import { flatten, type Tree } from './tree';

/** A compiled network. It borrows weights and arguments; its result is the caller's. */
export interface Network<P extends Tree, A extends unknown[], R extends Tree> {
  (params: P, ...args: A): R;
  /** Frees the graphs, and what they hold. */
  dispose(): void;
}

export interface NetworkOptions {
  /**
   * Whether the graph holds a copy of the weights, made anew where a leaf was exchanged. By default on a GPU: there, what is handed over passes
   * through the main memory. On a CPU the graph reads the tensors of the tree where they lie, so that weights of gigabytes are held once.
   */
  readonly held?: boolean;
}

/**
 * Compiles a network: a function of weights that stay the same from call to call, and of inputs that change. Exchanged weights, in whole or leaf
 * by leaf, are used from the next call on.
 *
 * @param fn pure, as for `compile`
 */
export function compileNetwork<P extends Tree, A extends unknown[], R extends Tree>(
  fn: (params: P, ...args: A) => R,
  { held = onGpu() }: NetworkOptions = {},
): Network<P, A, R> {
  if (!held) return compile<[P, ...A], R>(fn);
  let step: Step<P, A, R> | undefined;
  let copied: readonly object[] = [];
  const run = (params: P, ...args: A): R => {
    const leaves = Object.values(flatten(params));
    const data = leaves.map(({ dataId }) => dataId);
    if (!step) step = compileStep<P, A, R>(params, (weights, ...rest) => ({ out: fn(weights, ...rest) }));
    else if (data.some((id, i) => id !== copied[i])) step.write(params);
    copied = data;
    return step.run(...args);
  };
  return Object.assign(run, { dispose: () => step?.dispose() });
}
