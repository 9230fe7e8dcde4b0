/**
 * Functions of tensor trees that run as one TensorFlow graph. The first call with new shapes records the graph, by
 * shapes alone; each call runs it.
 * On the other backend, or with ROENTGEN_EAGER=1 in the environment, the same function runs op by op with results equal to rounding.
 */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from './memory';
import { openSession } from './open-session';
import { precision } from './precision';
import type { Session } from './session';
import { formOf, type TensorForm } from './tensorflow';
import { record } from './trace';
import { cloneTree, dispose, flatten, keep, type Tree, unflatten } from './tree';
import { tellWait } from './waits';

/** Each set of shapes and plain values, and each precision, has a graph of its own; more than this many says that something that changes should be a tensor. */
const MOST_GRAPHS = 64;

/** A compiled function. Arguments are trees of tensors, or plain values that are fixed in the graph; it borrows them and its result is the caller's. */
export interface Compiled<A extends unknown[], R extends Tree> {
  (...args: A): R;
  /** Frees the graphs. */
  dispose(): void;
}

/** A compiled function with a state that stays in the engine between calls. */
export interface Step<S extends Tree, A extends unknown[], R extends Tree> {
  /** One call: replaces the state and returns the output, which the caller disposes. */
  run(...args: A): R;
  /** A copy of the state; the caller disposes it. */
  read(): S;
  /** Replaces the state by a copy of a tree of the same form. */
  write(state: S): void;
  /** Frees the state and the graphs. */
  dispose(): void;
}

/** What a step's function returns: its output and, if it changes, the next state. */
export interface StepResult<S extends Tree, R extends Tree> {
  readonly state?: S;
  readonly out: R;
}

/** Arguments taken apart: tensors in order, and all the rest as text that names the graph. */
function takeApart(args: readonly unknown[]): {
  tensors: tf.Tensor[];
  signature: string;
  rebuild: (tensors: readonly tf.Tensor[]) => unknown[];
} {
  const tensors: tf.Tensor[] = [];
  const form = (value: unknown): unknown => {
    if (value instanceof tf.Tensor) {
      tensors.push(value);
      return `${value.dtype}[${value.shape}]`;
    }
    if (Array.isArray(value)) return value.map(form);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, form(child)]));
    if (typeof value === 'function') throw new TypeError('compile: an argument holds a function; close over it instead');
    return { plain: value === undefined ? 'undefined' : value };
  };
  const signature = JSON.stringify(args.map(form));
  const rebuild = (replacement: readonly tf.Tensor[]): unknown[] => {
    let next = 0;
    const build = (value: unknown): unknown => {
      if (value instanceof tf.Tensor) return replacement[next++];
      if (Array.isArray(value)) return value.map(build);
      if (typeof value === 'object' && value !== null)
        return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, build(child)]));
      return value;
    };
    return args.map(build);
  };
  return { tensors, signature, rebuild };
}

type StepFunction<S extends Tree, A extends unknown[], R extends Tree> = (state: S, ...args: A) => StepResult<S, R>;

class EagerStep<S extends Tree, A extends unknown[], R extends Tree> implements Step<S, A, R> {
  private state: S;

  constructor(
    state: S,
    private readonly fn: StepFunction<S, A, R>,
  ) {
    this.state = keep(cloneTree(state));
  }

  run(...args: A): R {
    const { state: next, out } = scope(() => {
      const result = this.fn(this.state, ...args);
      // What is returned must be the caller's own, also where it is an argument or a part of the state.
      return { state: result.state && cloneTree(result.state), out: cloneTree(result.out) };
    });
    if (next) {
      dispose(this.state);
      this.state = keep(next);
    }
    return out;
  }

  read(): S {
    return cloneTree(this.state);
  }

  write(state: S): void {
    const next = keep(cloneTree(state));
    dispose(this.state);
    this.state = next;
  }

  dispose(): void {
    dispose(this.state);
  }
}

interface Graph {
  readonly session: Session;
  /** Of the outputs, in the result's tree. */
  readonly paths: readonly string[];
}

class GraphStep<S extends Tree, A extends unknown[], R extends Tree> implements Step<S, A, R> {
  private readonly graphs = new Map<string, Graph>();
  private readonly statePaths: readonly string[];
  private readonly stateForms: readonly TensorForm[];
  /** The state until a graph holds it. */
  private waiting: S | undefined;
  private holder: Graph | undefined;

  constructor(
    state: S,
    private readonly fn: StepFunction<S, A, R>,
  ) {
    const leaves = flatten(state);
    this.statePaths = Object.keys(leaves);
    this.stateForms = Object.values(leaves).map(formOf);
    this.waiting = keep(cloneTree(state));
  }

  run(...args: A): R {
    const { tensors, signature: ofArguments, rebuild } = takeApart(args);
    const signature = `${precision()} ${ofArguments}`;
    const graph = this.graphs.get(signature) ?? this.record(signature, tensors, rebuild);
    this.moveStateTo(graph);
    const fetched = graph.session.run(tensors);
    return unflatten<R>(Object.fromEntries(graph.paths.map((path, i) => [path, fetched[i]!])));
  }

  private record(signature: string, tensors: readonly tf.Tensor[], rebuild: (tensors: readonly tf.Tensor[]) => unknown[]): Graph {
    if (this.graphs.size >= MOST_GRAPHS)
      throw new RangeError(
        `compile: ${MOST_GRAPHS} graphs were made for different shapes or plain values; give what changes from call to call as a tensor (tf.scalar)`,
      );
    tellWait('compiling');
    let paths: string[] = [];
    const recorded = record(this.stateForms, tensors.map(formOf), (state, inputs) => {
      const stateTree = unflatten<S>(Object.fromEntries(this.statePaths.map((path, i) => [path, state[i]!])));
      const result = this.fn(stateTree, ...(rebuild(inputs) as A));
      const out = flatten(result.out);
      paths = Object.keys(out);
      const next = result.state ? flatten(result.state) : {};
      return { outputs: Object.values(out), nextState: this.statePaths.map((path) => next[path]) };
    });
    const graph = { session: openSession(recorded), paths };
    this.graphs.set(signature, graph);
    return graph;
  }

  private moveStateTo(graph: Graph): void {
    if (this.holder === graph || this.statePaths.length === 0) return;
    if (!this.holder || !graph.session.takeFrom(this.holder.session)) {
      const state = this.read();
      this.writeTo(graph, state);
      dispose(state);
    }
    dispose(this.waiting);
    this.waiting = undefined;
    this.holder = graph;
  }

  private writeTo(graph: Graph, state: S): void {
    const leaves = flatten(state);
    const values = this.statePaths.map((path) => {
      const leaf = leaves[path];
      if (!leaf) throw new TypeError(`compileStep: write: ${path} is missing in the state`);
      return leaf;
    });
    graph.session.write(values);
  }

  read(): S {
    if (this.waiting) return cloneTree(this.waiting);
    if (!this.holder) return unflatten<S>({});
    const values = this.holder.session.read();
    return unflatten<S>(Object.fromEntries(this.statePaths.map((path, i) => [path, values[i]!])));
  }

  write(state: S): void {
    if (this.holder) {
      this.writeTo(this.holder, state);
      return;
    }
    const next = keep(cloneTree(state));
    dispose(this.waiting);
    this.waiting = next;
  }

  dispose(): void {
    for (const graph of this.graphs.values()) graph.session.close();
    this.graphs.clear();
    this.holder = undefined;
    dispose(this.waiting);
    this.waiting = undefined;
  }
}

/**
 * Compiles a function with a state that stays in the engine: a training step with parameters and moments, or a network with its weights.
 * In `fn`, what JavaScript computes from plain values is fixed in the graph; what changes from call to call must come as a tensor.
 *
 * @param state the first state, copied
 * @param fn    `(state, ...args) => { state, out }`; without `state` in the result it stays. Pure: tensor ops only, no reading of values
 */
export function compileStep<S extends Tree, A extends unknown[], R extends Tree>(state: S, fn: StepFunction<S, A, R>): Step<S, A, R> {
  const graph = tf.getBackend() === 'tensorflow' && process.env.ROENTGEN_EAGER !== '1';
  return graph ? new GraphStep(state, fn) : new EagerStep(state, fn);
}

/**
 * Compiles a function of trees. Weights that stay the same from call to call belong in `compileStep`'s state, so that they are not handed over each time.
 *
 * @param fn pure, from trees of tensors (and plain values, which are fixed in the graph) to a tree of tensors
 */
export function compile<A extends unknown[], R extends Tree>(fn: (...args: A) => R): Compiled<A, R> {
  const step = compileStep<Record<string, never>, A, R>({}, (_, ...args) => ({ out: fn(...args) }));
  return Object.assign((...args: A) => step.run(...args), { dispose: () => step.dispose() });
}
