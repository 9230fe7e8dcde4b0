/** Networks as compiled functions of their weights. */

import * as tf from '@tensorflow/tfjs-core';
import { compileStep, type Step } from './compile';
import { expectNotDisposed, type Tree } from './tree';

/** A compiled network. It borrows weights and arguments; its result is the caller's. */
export interface Network<P extends Tree, A extends unknown[], R extends Tree> {
  (params: P, ...args: A): R;
  /** Frees the graphs, and what they hold. */
  dispose(): void;
}

/** The names of a tree, and its leaves, in order: what tells weights from others. Without `flatten`'s paths, which take longer than all else of a call. */
function takeApart(tree: Tree): { readonly names: readonly string[]; readonly leaves: readonly tf.Tensor[] } {
  const names: string[] = [];
  const leaves: tf.Tensor[] = [];
  const visit = (node: Tree): void => {
    if (node instanceof tf.Tensor) {
      leaves.push(node);
      return;
    }
    for (const [name, child] of Object.entries(node)) {
      if (child === undefined) continue;
      names.push(name);
      visit(child);
    }
    names.push('');
  };
  visit(tree);
  return { names, leaves };
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
  let names: readonly string[] = [];
  let data: readonly object[] = [];
  const run = (params: P, ...args: A): R => {
    const found = takeApart(params);
    expectNotDisposed('compileNetwork', 'network', found.leaves); // else its graph would go on with weights that it holds
    const foundData = found.leaves.map(({ dataId }) => dataId);
    if (!step || !same(names, found.names)) {
      step?.dispose();
      step = compileStep<P, A, R>(params, (weights, ...rest) => ({ out: fn(weights, ...rest) }));
    } else if (!same(data, foundData)) {
      step.write(params);
    }
    [names, data] = [found.names, foundData];
    return step.run(...args);
  };
  return Object.assign(run, { dispose: () => step?.dispose() });
}
