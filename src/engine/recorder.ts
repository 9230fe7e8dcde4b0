/**
 * Writes one call of a function as a TensorFlow graph: every op that tfjs hands to the addon becomes a node. Nothing that depends on the function's
 * arguments is computed: such tensors have a shape and an element type alone.
 */

import * as tf from '@tensorflow/tfjs-core';
import { GraphWriter, type RecordedGraph } from './graph';
import { resultForms } from './result-forms';
import { attribute, backend, copyBinding, dtypeOf, formOf, type OpAttribute, type OpOutput, type TensorForm } from './tensorflow';

/** Of a constant in the graph; what has more is computed by a node. */
const MOST_VALUES = 1024;

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

const [FLOAT, INT] = [1, 3];

const isSmall = ({ shape }: Pick<TensorForm, 'shape'>): boolean => shape.reduce((product, size) => product * size, 1) <= MOST_VALUES;

/** Writes the graph of one call while it stands between tfjs and the addon. Tensors are known by the addon's ids. */
export class Recorder {
  private readonly node = backend();
  private readonly addon = this.node.binding;
  private readonly originalIds = this.node.getInputTensorIds;
  private readonly graph = new GraphWriter();
  /** The node that makes a tensor. */
  private readonly references = new Map<number, string>();
  /** Tensors that depend on state or inputs. */
  private readonly live = new Set<number>();
  private readonly forms = new Map<number, TensorForm>();
  /** A state leaf's index, by the id of its first or changed value. */
  private readonly leafOf = new Map<number, number>();
  /** By a leaf's index, its value after the last op that changed it in place. */
  private readonly changed = new Map<number, { id: number; node: string }>();
  /** The last op that changes variables. */
  private latest: string | undefined;
  /** Ids of tensors that exist in their form alone are negative: tfjs does not ask the addon to free those. -1 is its own sign. */
  private nextId = -2;
  /** What the call gets for the state's leaves and for its inputs. */
  readonly state: readonly tf.Tensor[];
  readonly inputs: readonly tf.Tensor[];

  constructor(state: readonly TensorForm[], inputs: readonly TensorForm[]) {
    const { graph } = this;
    this.state = state.map((form, i) => {
      const [dtype, T] = [attribute.type('dtype', form.dtype), attribute.type('T', form.dtype)];
      const shape = attribute.shape('shape', form.shape);
      graph.add('VarHandleOp', [], [dtype, shape, attribute.string('shared_name', `state${i}`)], `state${i}`);
      graph.add('Placeholder', [], [dtype, shape], `write${i}`);
      graph.add('AssignVariableOp', [`state${i}`, `write${i}`], [dtype], `writing${i}`);
      graph.add('Identity', [`write${i}`, `^writing${i}`], [T], `written${i}`);
      graph.add('ReadVariableOp', [`state${i}`], [dtype], `read${i}`);
      const { id, tensor } = this.standInTensor(form, `read${i}`);
      this.leafOf.set(id, i);
      return tensor;
    });
    this.inputs = inputs.map((form, i) => {
      graph.add('Placeholder', [], [attribute.type('dtype', form.dtype), attribute.shape('shape', form.shape)], `input${i}`);
      return this.standInTensor(form, `input${i}`).tensor;
    });
  }

  /** Runs `call` with tfjs's ops going through this recorder. */
  during<T>(call: () => T): T {
    const binding = copyBinding(this.addon);
    binding.executeOp = (name, attributes, ids, count) => this.executeOp(name, attributes, ids, count);
    binding.tensorDataSync = (id) => this.readValues(id);
    binding.createTensor = (shape, dtype, values) => {
      const id = this.addon.createTensor(shape, dtype, values);
      this.forms.set(id, { shape, dtype });
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

  /** Writes the nodes that replace the state and those that are fetched, and returns the whole. */
  finish({ outputs, nextState }: TracedResult): RecordedGraph {
    const updates = nextState.flatMap((next, i) => this.updateOf(next, i) ?? []);
    outputs.forEach((x, i) => {
      this.graph.add('Identity', [this.reference(x)], [attribute.type('T', dtypeOf(x))], `output${i}`);
    });
    const one = this.constant(INT, [], Int32Array.of(1));
    this.graph.add('Identity', [one, ...updates.map((name) => `^${name}`)], [attribute.type('T', 'int32')], 'done');
    return { nodes: this.graph.nodes, state: this.state.map(formOf), inputs: this.inputs.map(formOf), outputs: outputs.map(formOf) };
  }

  isVariable(x: tf.Tensor): boolean {
    return this.leafOf.has(this.idOf(x));
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
      const { id, tensor } = this.standInTensor(formOf(x), value);
      this.leafOf.set(id, i);
      this.changed.set(i, { id, node: name });
      return tensor;
    });
    return { leaves: next, ...(like ? { result: this.standInTensor(formOf(like), name).tensor } : {}) };
  }

  private idOf(x: tf.Tensor): number {
    return this.originalIds.call(this.node, [x])[0]!;
  }

  private reference(x: tf.Tensor): string {
    return this.referenceOf(this.idOf(x));
  }

  private formOf(id: number): TensorForm {
    const form = this.forms.get(id);
    if (!form) throw new Error(`compile: an op uses a tensor (id ${id}) that was not seen before; report this with the function compiled`);
    return form;
  }

  /** The node that makes a tensor; one that depends on nothing becomes a constant. */
  private referenceOf(id: number): string {
    const node = this.references.get(id);
    if (node !== undefined) return node;
    const { dtype, shape } = this.formOf(id);
    const data = this.addon.tensorDataSync(id) as Float32Array | Int32Array;
    const uniform = !isSmall({ shape }) && data.every((value) => value === data[0]); // tfjs's gradients of sums and means have ones of full size
    const constant = uniform
      ? this.graph.add(
          'Fill',
          [this.constant(INT, [shape.length], Int32Array.from(shape)), this.constant(dtype, [], data.slice(0, 1))],
          [attribute.type('T', dtype), attribute.type('index_type', 'int32')],
        )
      : this.constant(dtype, shape, data);
    this.references.set(id, constant);
    return constant;
  }

  private constant(dtype: number, shape: readonly number[], data: ArrayBufferView): string {
    return this.graph.add('Const', [], [attribute.type('dtype', dtype), attribute.tensor('value', { dtype, shape, data })]);
  }

  private executeOp(name: string, attributes: readonly OpAttribute[], ids: number[], count: number): OpOutput[] {
    const depends = ids.some((id) => this.live.has(id));
    if (!depends) {
      const outputs = this.addon.executeOp(name, attributes, ids, count);
      for (const output of outputs) this.forms.set(output.id, output);
      // What is small becomes a constant where it is used.
      if (!outputs.every(isSmall)) this.addNode(name, attributes, ids, outputs);
      return outputs;
    }
    const outputs = this.imagine(name, attributes, ids, count);
    this.addNode(name, attributes, ids, outputs);
    for (const { id } of outputs) this.live.add(id);
    return outputs;
  }

  private addNode(name: string, attributes: readonly OpAttribute[], ids: readonly number[], outputs: readonly OpOutput[]): void {
    // The one op with types that tfjs leaves to be inferred, which only an eager call does.
    const types = name === 'ExpandDims' ? ['T', 'Tdim'].map((type, i) => attribute.type(type, this.formOf(ids[i]!).dtype)) : [];
    const sources = ids.map((id) => this.referenceOf(id));
    const node = this.graph.add(name, sources, [...attributes, ...types]);
    outputs.forEach(({ id }, i) => {
      this.references.set(id, i === 0 ? node : `${node}:${i}`);
    });
  }

  /**
   * Stands for an op's results. Small whole numbers are computed, from zeros where inputs have no values, since shapes may be made of them (`checkpoint`
   * has one that depends on a gradient in form, though not in value).
   */
  private imagine(name: string, attributes: readonly OpAttribute[], ids: readonly number[], count: number): OpOutput[] {
    const inputs = ids.map((id) => ({ ...this.formOf(id), values: () => this.addon.tensorDataSync(id) as Float32Array | Int32Array }));
    const forms = resultForms(name, attributes, inputs)?.slice(0, count);
    if (forms && !forms.every((form) => form.dtype === INT && isSmall(form))) return forms.map((form) => this.standIn(form));
    const given = ids.map((id) => (id >= 0 ? id : this.zeros(this.formOf(id))));
    try {
      return this.addon.executeOp(name, attributes, given, count).map((output) => {
        if (isSmall(output)) {
          this.forms.set(output.id, output);
          return output;
        }
        this.addon.deleteTensor(output.id);
        return this.standIn(output);
      });
    } finally {
      given.forEach((id, i) => {
        if (id !== ids[i]) this.addon.deleteTensor(id);
      });
    }
  }

  /** A tensor of zeros, the addon's. */
  private zeros({ dtype, shape }: TensorForm): number {
    const scalar = this.addon.createTensor([], FLOAT, new Float32Array(1));
    const sizes = this.addon.createTensor([shape.length], INT, Int32Array.from(shape));
    const types = [attribute.type('SrcT', 'float32'), attribute.type('DstT', dtype)];
    const [zero] = this.addon.executeOp('Cast', types, [scalar], 1);
    const [filled] = this.addon.executeOp(
      'Fill',
      [attribute.type('T', dtype), attribute.type('index_type', 'int32')],
      [sizes, zero!.id],
      1,
    );
    for (const id of [scalar, sizes, zero!.id]) this.addon.deleteTensor(id);
    return filled!.id;
  }

  /** An id for a tensor of this form. */
  private standIn({ dtype, shape }: TensorForm): OpOutput {
    const output = { id: this.nextId--, dtype, shape: [...shape] };
    this.forms.set(output.id, output);
    return output;
  }

  /** A tensor that stands for a node's result. */
  private standInTensor(form: TensorForm, node: string): { id: number; tensor: tf.Tensor } {
    const output = this.standIn(form);
    this.references.set(output.id, node);
    this.live.add(output.id);
    return { id: output.id, tensor: this.node.createOutputTensor(output) };
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
      if (x.shape !== undefined && !this.forms.has(ids[i]!)) this.forms.set(ids[i]!, formOf(x));
    });
    return ids;
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
