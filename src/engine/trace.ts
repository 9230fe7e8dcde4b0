/** One eager call of a function recorded as a TensorFlow graph: every op that tfjs hands to the addon becomes a node. */

import * as tf from '@tensorflow/tfjs-core';
import { attribute, type Binding, type GraphSession, GraphWriter, type OpOutput } from './graph';
import type { Message } from './protobuf';

/** What is used of tfjs-node's backend. */
interface NodeBackend {
  binding: Binding;
  getInputTensorIds(tensors: tf.Tensor[]): number[];
  createOutputTensor(output: { id: number; shape: number[]; dtype: number }): tf.Tensor;
}

const DTYPES: Readonly<Record<string, number>> = { float32: 1, int32: 3, bool: 10, complex64: 8 };

const backend = (): NodeBackend => tf.backend() as unknown as NodeBackend;

/** The addon's object has read-only methods; while recording, a copy with one changed stands in its place. */
function copyBinding(original: Binding): Binding {
  const copy: Record<string, unknown> = {};
  for (let object: object | null = original; object && object !== Object.prototype; object = Object.getPrototypeOf(object))
    for (const name of Object.getOwnPropertyNames(object)) {
      const value = (original as unknown as Record<string, unknown>)[name];
      if (!(name in copy)) copy[name] = typeof value === 'function' ? value.bind(original) : value;
    }
  return copy as unknown as Binding;
}

/** A recorded call. State leaves are variables of the session; inputs are fed; outputs are fetched. */
export interface Recording {
  readonly session: GraphSession;
  readonly outputs: readonly string[];
  /** Indices of the state leaves that the call replaces. */
  readonly updated: readonly number[];
}

/** What the recorded call returns. */
export interface TracedResult {
  readonly outputs: readonly tf.Tensor[];
  /** The next value of each state leaf; the leaf itself, or undefined, where it stays. */
  readonly nextState: readonly (tf.Tensor | undefined)[];
}

/** The recording under way, where there is one. */
let underway: { update: typeof updateVariables; has(x: tf.Tensor): boolean; postpone: typeof postponed } | undefined;

/**
 * An op whose result has its first input's shape, put into the graph being recorded without being computed now: the result's values mean nothing while
 * recording, but it costs no memory. For results of the parameters' size.
 *
 * @returns undefined where no call is being recorded
 */
export function postponed(op: string, inputs: readonly tf.Tensor[], attributes: Readonly<Record<string, Message>>): tf.Tensor | undefined {
  return underway?.postpone(op, inputs, attributes);
}

/** Whether a call is being recorded and `x` is a leaf of its state, so that `updateVariables` can change it in place. */
export function isVariable(x: tf.Tensor): boolean {
  return underway?.has(x) ?? false;
}

/**
 * An op of TensorFlow that changes state leaves where they lie, such as ResourceApplyAdam: nothing is computed now, and nothing is held twice when
 * the graph runs. Such ops run one after the other in the order of the calls, after every op that reads their leaves' old values has been given them.
 *
 * @param leaves the op's resources, leaves of the state being recorded (`isVariable`); what the step returns in their place must be the results
 * @param inputs the op's further inputs, in its order
 * @returns      the leaves' values after the op; only their shapes mean something while recording
 */
export function updateVariables(
  op: string,
  leaves: readonly tf.Tensor[],
  inputs: readonly tf.Tensor[],
  attributes: Readonly<Record<string, Message>>,
): tf.Tensor[] {
  if (!underway) throw new Error(`updateVariables: ${op}: no call is being recorded`);
  return underway.update(op, leaves, inputs, attributes);
}

/**
 * Records `call()`, which must compute from `state` and `inputs` by tensor ops alone.
 *
 * @throws Error where it reads a value that depends on them into JavaScript: that would be frozen into the graph
 */
export function record(state: readonly tf.Tensor[], inputs: readonly tf.Tensor[], call: () => TracedResult): Recording {
  const node = backend();
  const original = node.binding;
  const getIds = node.getInputTensorIds;
  const binding = copyBinding(original);
  const graph = new GraphWriter();
  const references = new Map<number, string>(); // addon's tensor id → node that makes it
  const live = new Set<number>(); // ids that depend on state or inputs
  const known = new Map<number, { dtype: number; shape: readonly number[] }>();

  const idOf = (x: tf.Tensor): number => getIds.call(node, [x])[0]!;
  const dtypeOf = (x: tf.Tensor): number => DTYPES[x.dtype]!;
  const reference = (id: number): string => {
    const found = references.get(id);
    if (found !== undefined) return found;
    const info = known.get(id);
    if (!info) throw new Error(`compile: an op uses a tensor (id ${id}) that was not seen before; report this with the function compiled`);
    const name = graph.add('Const', [], {
      dtype: attribute.type(info.dtype),
      value: attribute.tensor(info.dtype, info.shape, original.tensorDataSync(id)),
    });
    references.set(id, name);
    return name;
  };

  const leafOf = new Map<number, number>(); // id of a leaf's first or changed value → index in the state
  const changed = new Map<number, { id: number; node: string }>(); // index in the state → its value after the last op that changed it in place
  state.forEach((x, i) => {
    leafOf.set(idOf(x), i);
    const [dtype, shape] = [attribute.type(dtypeOf(x)), attribute.shape(x.shape)];
    graph.add('VarHandleOp', [], { dtype, shape, shared_name: attribute.string(`state${i}`) }, `state${i}`);
    graph.add('Placeholder', [], { dtype, shape }, `write${i}`);
    graph.add('AssignVariableOp', [`state${i}`, `write${i}`], { dtype }, `writing${i}`);
    graph.add('Identity', [`write${i}`, `^writing${i}`], { T: dtype }, `written${i}`);
    graph.add('ReadVariableOp', [`state${i}`], { dtype }, `read${i}`);
    references.set(idOf(x), `read${i}`);
    live.add(idOf(x));
  });
  inputs.forEach((x, i) => {
    graph.add('Placeholder', [], { dtype: attribute.type(dtypeOf(x)), shape: attribute.shape(x.shape) }, `input${i}`);
    references.set(idOf(x), `input${i}`);
    live.add(idOf(x));
  });

  binding.executeOp = (name, attributes, ids, count) => {
    const sources = ids.map(reference);
    const outputs = original.executeOp(name, attributes, ids, count);
    const recorded = Object.fromEntries(attributes.map((a) => [a.name, attribute.recorded(original, a)]));
    // The one op with types that tfjs leaves to be inferred, which only an eager call does.
    if (name === 'ExpandDims') {
      const [T, Tdim] = ids.map((id) => attribute.type(known.get(id)!.dtype));
      Object.assign(recorded, { T, Tdim });
    }
    const node = graph.add(name, sources, recorded);
    const depends = ids.some((id) => live.has(id));
    outputs.forEach((output, i) => {
      references.set(output.id, i === 0 ? node : `${node}:${i}`);
      known.set(output.id, output);
      if (depends) live.add(output.id);
    });
    return outputs;
  };
  binding.tensorDataSync = (id) => {
    if (live.has(id))
      throw new Error(
        'compile: the function reads the value of a tensor that depends on its inputs (dataSync, arraySync, print, a JavaScript condition); ' +
          'compute it with tensor ops, or outside the compiled function. tf.gather reads its indices too: take `embedding` for rows of a table',
      );
    return original.tensorDataSync(id);
  };

  /** A handle of its own that shares `x`'s memory and stands for a node's result of the same shape. */
  const stand = (x: tf.Tensor, name: string): [OpOutput, tf.Tensor] => {
    const T = { name: 'T', type: original.TF_ATTR_TYPE, value: dtypeOf(x) };
    const output = original.executeOp('Identity', [T], getIds.call(node, [x]), 1)[0]!;
    references.set(output.id, name);
    known.set(output.id, output);
    live.add(output.id);
    return [output, node.createOutputTensor(output)];
  };
  let latest: string | undefined; // the last op that changes variables
  const update: typeof updateVariables = (op, leaves, values, attributes) => {
    const indices = leaves.map((x) => leafOf.get(idOf(x)));
    const missing = indices.indexOf(undefined);
    if (missing >= 0) throw new Error(`updateVariables: ${op}: resource ${missing} is no leaf of the state`);
    const order = [...indices.map((i) => `^read${i}`), ...(latest === undefined ? [] : [`^${latest}`])];
    const handles = indices.map((i) => `state${i}`);
    latest = graph.add(op, [...handles, ...values.map((x) => reference(idOf(x))), ...order], attributes);
    return leaves.map((x, k) => {
      const i = indices[k]!;
      const dtype = attribute.type(dtypeOf(x));
      const [output, tensor] = stand(x, graph.add('ReadVariableOp', [`state${i}`, `^${latest}`], { dtype }));
      leafOf.set(output.id, i);
      changed.set(i, { id: output.id, node: latest! });
      return tensor;
    });
  };
  const postpone: typeof postponed = (op, inputs, attributes) =>
    stand(
      inputs[0]!,
      graph.add(
        op,
        inputs.map((x) => reference(idOf(x))),
        attributes,
      ),
    )[1];

  const outer = underway;
  underway = { update, has: (x) => leafOf.has(idOf(x)), postpone };
  node.binding = binding;
  node.getInputTensorIds = (tensors) => {
    const ids = getIds.call(node, tensors);
    tensors.forEach((x, i) => {
      if (x.shape !== undefined && !known.has(ids[i]!)) known.set(ids[i]!, { dtype: DTYPES[x.dtype]!, shape: x.shape });
    });
    return ids;
  };
  const creating = binding as unknown as { createTensor(shape: number[], dtype: number, values: unknown): number };
  const create = creating.createTensor;
  creating.createTensor = (shape, dtype, values) => {
    const id = create(shape, dtype, values);
    known.set(id, { shape, dtype });
    return id;
  };

  try {
    const outputs: string[] = [];
    const updates: string[] = [];
    const updated: number[] = [];
    tf.tidy(() => {
      const result = call();
      result.nextState.forEach((next, i) => {
        const inPlace = changed.get(i);
        if (inPlace) {
          if (next === undefined || idOf(next) !== inPlace.id)
            throw new TypeError(`compileStep: state leaf ${i} was changed in place, so its changed value must be its next one`);
          updates.push(inPlace.node);
          updated.push(i);
          return;
        }
        if (next === undefined || next === state[i]) return;
        const source = reference(idOf(next));
        if (next.dtype !== state[i]!.dtype || !tf.util.arraysEqual(next.shape, state[i]!.shape))
          throw new TypeError(
            `compileStep: state leaf ${i}: expected ${state[i]!.dtype} [${state[i]!.shape}], got ${next.dtype} [${next.shape}]`,
          );
        const dtype = attribute.type(dtypeOf(next));
        updates.push(graph.add('AssignVariableOp', [`state${i}`, source, `^read${i}`], { dtype }, `update${i}`));
        updated.push(i);
      });
      result.outputs.forEach((x, i) => {
        outputs.push(graph.add('Identity', [reference(idOf(x))], { T: attribute.type(dtypeOf(x)) }, `output${i}`));
      });
    });
    const one = graph.add('Const', [], { dtype: attribute.type(3), value: attribute.tensor(3, [], Int32Array.of(1)) });
    graph.add('Identity', [one, ...updates.map((name) => `^${name}`)], { T: attribute.type(3) }, 'done');
    return { session: graph.load(original), outputs: [...outputs, 'done'], updated };
  } finally {
    underway = outer;
    node.binding = original;
    node.getInputTensorIds = getIds;
  }
}

/** Tensors with buffers shared but handles of their own: a clone in tfjs is the same handle, and two inputs must not be taken for one. */
export function distinct(tensors: readonly tf.Tensor[]): tf.Tensor[] {
  const node = backend();
  return tensors.map((x) => {
    const T = { name: 'T', type: node.binding.TF_ATTR_TYPE, value: DTYPES[x.dtype]! };
    return node.createOutputTensor(node.binding.executeOp('Identity', [T], node.getInputTensorIds([x]), 1)[0]!);
  });
}

/** Runs a session on tensors and returns its fetches as tensors. */
export function runSession(
  session: GraphSession,
  inputs: readonly tf.Tensor[],
  names: readonly string[],
  fetches: readonly string[],
): tf.Tensor[] {
  const node = backend();
  return session.run(node.getInputTensorIds([...inputs]), names, fetches).map((output) => node.createOutputTensor(output));
}
