/** Writes one eager call of a function as a TensorFlow graph: every op that tfjs hands to the addon becomes a node. */

import * as tf from '@tensorflow/tfjs-core';
import { type GraphSession, GraphWriter } from './graph';
import { attribute, backend, copyBinding, dtypeOf, type OpAttribute, type OpOutput } from './tensorflow';

/** What the recorded call returns. */
export interface TracedResult {
  readonly outputs: readonly tf.Tensor[];
  /** The next value of each state leaf; the leaf itself, or undefined, where it stays. */
  readonly nextState: readonly (tf.Tensor | undefined)[];
}

/** What an op that changes variables leaves: their values after it, and its own first result where that was asked for. */
export interface UpdatedVariables {
  readonly leaves: tf.Tensor[];
  readonly result?: tf.Tensor;
}

/** Writes the graph of one call while it stands between tfjs and the addon. Tensors are known by the addon's ids. */
export class Recorder {
  private readonly node = backend();
  private readonly addon = this.node.binding;
  private readonly originalIds = this.node.getInputTensorIds;
  private readonly graph = new GraphWriter(this.addon);
  /** The node that makes a tensor. */
  private readonly references = new Map<number, string>();
  /** Tensors that depend on state or inputs. */
  private readonly live = new Set<number>();
  private readonly infos = new Map<number, { dtype: number; shape: readonly number[] }>();
  /** A state leaf's index, by the id of its first or changed value. */
  private readonly leafOf = new Map<number, number>();
  /** By a leaf's index, its value after the last op that changed it in place. */
  private readonly changed = new Map<number, { id: number; node: string }>();
  /** The last op that changes variables. */
  private latest: string | undefined;
  private readonly state: readonly tf.Tensor[];

  constructor(state: readonly tf.Tensor[], inputs: readonly tf.Tensor[]) {
    this.state = state;
    const { graph } = this;
    state.forEach((x, i) => {
      const [dtype, T] = [attribute.type('dtype', dtypeOf(x)), attribute.type('T', dtypeOf(x))];
      const shape = attribute.shape('shape', x.shape);
      graph.add('VarHandleOp', [], [dtype, shape, attribute.string('shared_name', `state${i}`)], `state${i}`);
      graph.add('Placeholder', [], [dtype, shape], `write${i}`);
      graph.add('AssignVariableOp', [`state${i}`, `write${i}`], [dtype], `writing${i}`);
      graph.add('Identity', [`write${i}`, `^writing${i}`], [T], `written${i}`);
      graph.add('ReadVariableOp', [`state${i}`], [dtype], `read${i}`);
      this.leafOf.set(this.idOf(x), i);
      this.follow(this.idOf(x), `read${i}`);
    });
    inputs.forEach((x, i) => {
      graph.add('Placeholder', [], [attribute.type('dtype', dtypeOf(x)), attribute.shape('shape', x.shape)], `input${i}`);
      this.follow(this.idOf(x), `input${i}`);
    });
  }

  /** Runs `call` with tfjs's ops going through this recorder. */
  during<T>(call: () => T): T {
    const binding = copyBinding(this.addon);
    binding.executeOp = (name, attributes, ids, count) => this.executeOp(name, attributes, ids, count);
    binding.tensorDataSync = (id) => this.readValues(id);
    binding.createTensor = (shape, dtype, values) => {
      const id = this.addon.createTensor(shape, dtype, values);
      this.infos.set(id, { shape, dtype });
      return id;
    };
    this.node.binding = binding;
    this.node.getInputTensorIds = (tensors) => this.inputIds(tensors);
    try {
      return call();
    } finally {
      this.node.binding = this.addon;
      this.node.getInputTensorIds = this.originalIds;
    }
  }

  /** Writes the nodes that replace the state and those that are fetched, and returns the latter's names. */
  finish({ outputs, nextState }: TracedResult): string[] {
    const updates = nextState.flatMap((next, i) => this.updateOf(next, i) ?? []);
    const fetched = outputs.map((x, i) => this.graph.add('Identity', [this.reference(x)], [attribute.type('T', dtypeOf(x))], `output${i}`));
    const value = { dtype: 3, shape: [], data: Int32Array.of(1) };
    const one = this.graph.add('Const', [], [attribute.type('dtype', 'int32'), attribute.tensor('value', value)]);
    this.graph.add('Identity', [one, ...updates.map((name) => `^${name}`)], [attribute.type('T', 'int32')], 'done');
    return [...fetched, 'done'];
  }

  load(): GraphSession {
    return this.graph.load();
  }

  isVariable(x: tf.Tensor): boolean {
    return this.leafOf.has(this.idOf(x));
  }

  postpone(op: string, inputs: readonly tf.Tensor[], attributes: readonly OpAttribute[]): tf.Tensor {
    const sources = inputs.map((x) => this.reference(x));
    return this.standIn(inputs[0]!, this.graph.add(op, sources, attributes)).tensor;
  }

  update(
    op: string,
    leaves: readonly tf.Tensor[],
    inputs: readonly tf.Tensor[],
    attributes: readonly OpAttribute[],
    like: tf.Tensor | undefined,
  ): UpdatedVariables {
    const indices = leaves.map((x, k) => {
      const index = this.leafOf.get(this.idOf(x));
      if (index === undefined) throw new Error(`updateVariables: ${op}: resource ${k} is no leaf of the state`);
      return index;
    });
    const handles = indices.map((i) => `state${i}`);
    const order = indices.map((i) => `^read${i}`);
    if (this.latest !== undefined) order.push(`^${this.latest}`);
    const name = this.graph.add(op, [...handles, ...inputs.map((x) => this.reference(x)), ...order], attributes);
    this.latest = name;
    const next = leaves.map((x, k) => {
      const i = indices[k]!;
      const value = this.graph.add('ReadVariableOp', [`state${i}`, `^${name}`], [attribute.type('dtype', dtypeOf(x))]);
      const { id, tensor } = this.standIn(x, value);
      this.leafOf.set(id, i);
      this.changed.set(i, { id, node: name });
      return tensor;
    });
    return { leaves: next, ...(like ? { result: this.standIn(like, name).tensor } : {}) };
  }

  private idOf(x: tf.Tensor): number {
    return this.originalIds.call(this.node, [x])[0]!;
  }

  private reference(x: tf.Tensor): string {
    return this.referenceOf(this.idOf(x));
  }

  /** The node that makes a tensor; one that depends on nothing becomes a constant. */
  private referenceOf(id: number): string {
    const node = this.references.get(id);
    if (node !== undefined) return node;
    const info = this.infos.get(id);
    if (!info) throw new Error(`compile: an op uses a tensor (id ${id}) that was not seen before; report this with the function compiled`);
    const value = { ...info, data: this.addon.tensorDataSync(id) };
    const constant = this.graph.add('Const', [], [attribute.type('dtype', info.dtype), attribute.tensor('value', value)]);
    this.references.set(id, constant);
    return constant;
  }

  /** Notes which node makes a tensor that depends on state or inputs. */
  private follow(id: number, node: string): void {
    this.references.set(id, node);
    this.live.add(id);
  }

  private executeOp(name: string, attributes: readonly OpAttribute[], ids: number[], count: number): OpOutput[] {
    const sources = ids.map((id) => this.referenceOf(id));
    const outputs = this.addon.executeOp(name, attributes, ids, count);
    // The one op with types that tfjs leaves to be inferred, which only an eager call does.
    const types = name === 'ExpandDims' ? ['T', 'Tdim'].map((type, i) => attribute.type(type, this.infos.get(ids[i]!)!.dtype)) : [];
    const node = this.graph.add(name, sources, [...attributes, ...types]);
    const depends = ids.some((id) => this.live.has(id));
    outputs.forEach((output, i) => {
      this.references.set(output.id, i === 0 ? node : `${node}:${i}`);
      this.infos.set(output.id, output);
      if (depends) this.live.add(output.id);
    });
    return outputs;
  }

  private readValues(id: number): ArrayBufferView {
    if (this.live.has(id))
      throw new Error(
        'compile: the function reads the value of a tensor that depends on its inputs (dataSync, arraySync, print, a JavaScript condition); ' +
          'compute it with tensor ops, or outside the compiled function. tf.gather reads its indices too: take `embedding` for rows of a table',
      );
    return this.addon.tensorDataSync(id);
  }

  private inputIds(tensors: readonly tf.Tensor[]): number[] {
    const ids = this.originalIds.call(this.node, tensors);
    tensors.forEach((x, i) => {
      if (x.shape !== undefined && !this.infos.has(ids[i]!)) this.infos.set(ids[i]!, { dtype: dtypeOf(x), shape: x.shape });
    });
    return ids;
  }

  /** A handle of its own that shares `x`'s memory and stands for a node's result of the same shape. */
  private standIn(x: tf.Tensor, node: string): { id: number; tensor: tf.Tensor } {
    const output = this.addon.executeOp('Identity', [attribute.type('T', dtypeOf(x))], [this.idOf(x)], 1)[0]!;
    this.follow(output.id, node);
    this.infos.set(output.id, output);
    return { id: output.id, tensor: this.node.createOutputTensor(output) };
  }

  /** The op that gives a state leaf its next value, where that is another one. */
  private updateOf(next: tf.Tensor | undefined, i: number): string | undefined {
    const leaf = this.state[i]!;
    const inPlace = this.changed.get(i);
    if (inPlace) {
      if (next === undefined || this.idOf(next) !== inPlace.id)
        throw new TypeError(`compileStep: state leaf ${i} was changed in place, so its changed value must be its next one`);
      return inPlace.node;
    }
    if (next === undefined || next === leaf) return undefined;
    const source = this.reference(next);
    if (next.dtype !== leaf.dtype || !tf.util.arraysEqual(next.shape, leaf.shape))
      throw new TypeError(`compileStep: state leaf ${i}: expected ${leaf.dtype} [${leaf.shape}], got ${next.dtype} [${next.shape}]`);
    return this.graph.add('AssignVariableOp', [`state${i}`, source, `^read${i}`], [attribute.type('dtype', dtypeOf(next))], `update${i}`);
  }
}
