/** Networks as compiled functions of their weights. */

import { compileStep, type Step } from './compile';
import { expectNotDisposed, flatten, type Tree } from './tree';

/** A compiled network. It borrows weights and arguments; its result is the caller's. */
export interface Network<P extends Tree, A extends unknown[], R extends Tree> {
  (params: P, ...args: A): R;
  /** Frees the graphs, and what they hold. */
  dispose(): void;
}

const same = (a: readonly unknown[], b: readonly unknown[]): boolean => a.length === b.length && a.every((value, i) => value === b[i]);

/**
 * Compiles a network: a function of weights that stay the same from call to call, and of inputs that change. Exchanged weights, the whole tree or a
 * leaf of it, are used from the next call on.
 *
 * Weights are held once: TensorFlow's variables take over the memory of what is assigned to them, which is that of the tree's tensors (on one device;
 * test/engine/network.test.ts measures it). The memory of weights that were exchanged or disposed is free after the next call, or `dispose`.
 *
 * @param fn pure, as for `compile`
 * @throws TypeError (the compiled network) where a weight was disposed
 */
export function compileNetwork<P extends Tree, A extends unknown[], R extends Tree>(fn: (params: P, ...args: A) => R): Network<P, A, R> {
  let step: Step<P, A, R> | undefined;
  let paths: readonly string[] = [];
  let data: readonly object[] = [];
  const run = (params: P, ...args: A): R => {
    expectNotDisposed('compileNetwork', 'network', params); // else its graph would go on with weights that it holds
    const leaves = flatten(params);
    const [newPaths, newData] = [Object.keys(leaves), Object.values(leaves).map(({ dataId }) => dataId)];
    if (!step || !same(paths, newPaths)) {
      step?.dispose();
      step = compileStep<P, A, R>(params, (weights, ...rest) => ({ out: fn(weights, ...rest) }));
    } else if (!same(data, newData)) {
      step.write(params);
    }
    [paths, data] = [newPaths, newData];
    return step.run(...args);
  };
  return Object.assign(run, { dispose: () => step?.dispose() });
}
