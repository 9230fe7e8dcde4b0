/**
 * TensorFlow's addon behind tfjs-node, and its operations by name: those that tfjs does not wrap, or wraps slowly. The only file that knows the
 * addon's form.
 */

import * as tf from '@tensorflow/tfjs-core';

/** One attribute of an operation, as the addon takes it. */
export interface OpAttribute {
  readonly name: string;
  /** The addon's number of the value's kind, `TENSOR` or `TYPES`. */
  readonly type: number;
  readonly value: unknown;
}

/** A tensor that the addon holds. */
export interface OpOutput {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** What is used of the addon. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: number[], dtype: number, values: unknown): number;
  executeOp(name: string, attributes: readonly OpAttribute[], inputs: number[], outputs: number): OpOutput[];
  tensorDataSync(id: number): ArrayBufferView;
  deleteTensor(id: number): void;
  loadSavedModel(folder: string, tags: string): number;
  runSavedModel(id: number, inputs: number[], inputNames: string, outputNames: string): OpOutput[];
  deleteSavedModel(id: number): void;
}

/** What is used of tfjs-node's backend. */
export interface TensorFlowBackend {
  binding: Binding;
  readonly isUsingGpuDevice: boolean;
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
  createOutputTensor(output: OpOutput): tf.Tensor;
  executeMultipleOutputs(name: string, attributes: readonly OpAttribute[], inputs: readonly tf.Tensor[], outputs: number): tf.Tensor[];
}

/** TensorFlow's numbers of element types; bfloat16, float16 and float64 exist only between raw operations (cast before reading). */
const DTYPES = { float32: 1, float64: 2, int32: 3, complex64: 8, int64: 9, bool: 10, bfloat16: 14, float16: 19 } as const;

/** Name of an element type of TensorFlow. */
export type RawType = keyof typeof DTYPES;

/** TensorFlow's number of a tensor's element type. */
export function dtypeOf(x: tf.Tensor): number {
  return DTYPES[x.dtype as RawType];
}

/** What is known of a tensor without its values. */
export interface TensorForm {
  /** TensorFlow's number of the element type. */
  readonly dtype: number;
  readonly shape: readonly number[];
}

export function formOf(x: tf.Tensor): TensorForm {
  return { dtype: dtypeOf(x), shape: x.shape };
}

/** Whether the tensorflow backend runs, and with it the raw operations. */
export function isTensorFlow(): boolean {
  return tf.getBackend() === 'tensorflow';
}

/** @throws Error where another backend runs */
export function backend(): TensorFlowBackend {
  if (!isTensorFlow())
    throw new Error(
      `rawOp: expected the tensorflow backend, got "${tf.getBackend()}"; use the plain composition there, or start TensorFlow`,
    );
  return tf.backend() as unknown as TensorFlowBackend;
}

/** The addon's object has read-only methods; a copy whose methods can be replaced stands in its place while a graph is recorded. */
export function copyBinding(original: Binding): Binding {
  const copy: Record<string, unknown> = {};
  for (let object: object | null = original; object && object !== Object.prototype; object = Object.getPrototypeOf(object))
    for (const name of Object.getOwnPropertyNames(object)) {
      const value: unknown = Reflect.get(original, name);
      if (!(name in copy)) copy[name] = typeof value === 'function' ? value.bind(original) : value;
    }
  return copy as unknown as Binding;
}

/** The kinds of attributes that are a tensor, or several element types: for graphs only, the addon's eager operations take none. */
export const TENSOR = -1;
export const TYPES = -2;

/** The value of a tensor attribute. */
export interface ConstantTensor {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
}

/** Attributes of operations, by kind. An element type is given by name, or by number as the addon reports it. */
export const attribute: {
  readonly type: (name: string, type: RawType | number) => OpAttribute;
  readonly types: (name: string, types: readonly number[]) => OpAttribute;
  readonly int: (name: string, value: number) => OpAttribute;
  readonly ints: (name: string, values: readonly number[]) => OpAttribute;
  readonly float: (name: string, value: number) => OpAttribute;
  readonly bool: (name: string, value: boolean) => OpAttribute;
  readonly string: (name: string, value: string) => OpAttribute;
  readonly shape: (name: string, value: readonly number[]) => OpAttribute;
  readonly tensor: (name: string, value: ConstantTensor) => OpAttribute;
} = {
  type: (name, type) => ({ name, type: backend().binding.TF_ATTR_TYPE, value: typeof type === 'number' ? type : DTYPES[type] }),
  types: (name, types) => ({ name, type: TYPES, value: [...types] }),
  int: (name, value) => ({ name, type: backend().binding.TF_ATTR_INT, value }),
  ints: (name, values) => ({ name, type: backend().binding.TF_ATTR_INT, value: [...values] }),
  float: (name, value) => ({ name, type: backend().binding.TF_ATTR_FLOAT, value }),
  bool: (name, value) => ({ name, type: backend().binding.TF_ATTR_BOOL, value }),
  string: (name, value) => ({ name, type: backend().binding.TF_ATTR_STRING, value }),
  shape: (name, value) => ({ name, type: backend().binding.TF_ATTR_SHAPE, value }),
  tensor: (name, value) => ({ name, type: TENSOR, value }),
};

/**
 * Runs one TensorFlow operation. tfjs's tape does not see it: use it inside `tf.customGrad`, or where no gradient is wanted.
 *
 * @param name       as in TensorFlow's op list, such as "BiasAddGrad"
 * @param attributes all that have no default value
 * @returns          its first result, in the current memory scope
 * @throws Error where another backend runs, or TensorFlow refuses the inputs
 */
export function rawOp(name: string, attributes: readonly OpAttribute[], inputs: readonly tf.Tensor[]): tf.Tensor {
  return rawOps(name, attributes, inputs, 1)[0]!;
}

/** `rawOp` for an operation with several results. */
export function rawOps(name: string, attributes: readonly OpAttribute[], inputs: readonly tf.Tensor[], count: number): tf.Tensor[] {
  return backend().executeMultipleOutputs(name, attributes, inputs, count);
}
