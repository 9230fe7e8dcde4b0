/** TensorFlow's own operations, by name: those that tfjs does not wrap, or wraps slowly. Only where the tensorflow backend runs. */

import * as tf from '@tensorflow/tfjs-core';

/** One attribute of a TensorFlow operation, as the addon takes it. */
export interface RawAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | number[];
}

interface AttributeKinds {
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
}

interface TensorFlowBackend {
  readonly binding: AttributeKinds;
  executeMultipleOutputs(name: string, attributes: readonly RawAttribute[], inputs: readonly tf.Tensor[], outputs: number): tf.Tensor[];
}

/** TensorFlow's numbers of element types; bfloat16, float16 and float64 exist only between raw operations (cast before reading). */
const TYPES = { float32: 1, float64: 2, int32: 3, int64: 9, bool: 10, bfloat16: 14, float16: 19 } as const;

/** Name of an element type of TensorFlow. */
export type RawType = keyof typeof TYPES;

/** Whether the tensorflow backend runs, and with it the raw operations. */
export function isTensorFlow(): boolean {
  return tf.getBackend() === 'tensorflow';
}

function tensorFlow(): TensorFlowBackend {
  if (!isTensorFlow())
    throw new Error(
      `rawOp: expected the tensorflow backend, got "${tf.getBackend()}"; use the plain composition there, or start TensorFlow`,
    );
  return tf.backend() as unknown as TensorFlowBackend;
}

/** Attributes of raw operations, by kind. */
export const attribute: {
  readonly type: (name: string, type: RawType) => RawAttribute;
  readonly int: (name: string, value: number) => RawAttribute;
  readonly ints: (name: string, values: readonly number[]) => RawAttribute;
  readonly float: (name: string, value: number) => RawAttribute;
  readonly bool: (name: string, value: boolean) => RawAttribute;
  readonly string: (name: string, value: string) => RawAttribute;
} = {
  type: (name, type) => ({ name, type: tensorFlow().binding.TF_ATTR_TYPE, value: TYPES[type] }),
  int: (name, value) => ({ name, type: tensorFlow().binding.TF_ATTR_INT, value }),
  ints: (name, values) => ({ name, type: tensorFlow().binding.TF_ATTR_INT, value: [...values] }),
  float: (name, value) => ({ name, type: tensorFlow().binding.TF_ATTR_FLOAT, value }),
  bool: (name, value) => ({ name, type: tensorFlow().binding.TF_ATTR_BOOL, value }),
  string: (name, value) => ({ name, type: tensorFlow().binding.TF_ATTR_STRING, value }),
};

/**
 * Runs one TensorFlow operation. tfjs's tape does not see it: use it inside `tf.customGrad`, or where no gradient is wanted.
 *
 * @param name       as in TensorFlow's op list, such as "BiasAddGrad"
 * @param attributes all that have no default value
 * @returns          its first result, in the current memory scope
 * @throws Error where another backend runs, or TensorFlow refuses the inputs
 */
export function rawOp(name: string, attributes: readonly RawAttribute[], inputs: readonly tf.Tensor[]): tf.Tensor {
  return rawOps(name, attributes, inputs, 1)[0]!;
}

/** As `rawOp`, for an operation of several results. */
export function rawOps(name: string, attributes: readonly RawAttribute[], inputs: readonly tf.Tensor[], outputs: number): tf.Tensor[] {
  return tensorFlow().executeMultipleOutputs(name, attributes, inputs, outputs);
}
