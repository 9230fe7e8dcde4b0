/** A TensorFlow graph being written. Field numbers: tensorflow/core/framework/{node_def,attr_value,graph,tensor}.proto. */

import { type Precision, precision } from './precision';
import { Message } from './protobuf';
import { backend, type ConstantTensor, type OpAttribute, TENSOR, type TensorForm, TYPES } from './tensorflow';

/** One operation. An input is a node's name, "name:k" for its output k, or "^name" for "after". */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: readonly OpAttribute[];
  /** What products were to be computed in where it was recorded; for sessions that compile the graph, since TensorFlow's operations know one alone. */
  readonly precision: Precision;
}

/**
 * A recorded call. The nodes `state3`, `input3` and `output3` are a variable, what is fed and what is fetched; `read3` is a variable's value before the call,
 * `write3`, `writing3` and `written3` replace it from outside, and `done` comes after all that the call changes.
 */
export interface RecordedGraph {
  readonly nodes: readonly GraphNode[];
  readonly state: readonly TensorForm[];
  readonly inputs: readonly TensorForm[];
  readonly outputs: readonly TensorForm[];
}

/** Nodes under construction. */
export class GraphWriter {
  readonly nodes: GraphNode[] = [];

  add(op: string, inputs: readonly string[], attributes: readonly OpAttribute[], name: string = `n${this.nodes.length}`): string {
    this.nodes.push({ name, op, inputs, attributes, precision: precision() });
    return name;
  }
}

/** The GraphDef of nodes. */
export function graphDef(nodes: readonly GraphNode[]): Message {
  const graph = new Message();
  for (const { name, op, inputs, attributes } of nodes) {
    const node = new Message().bytes(1, name).bytes(2, op);
    for (const input of inputs) node.bytes(3, input);
    for (const attribute of attributes) node.bytes(5, new Message().bytes(1, attribute.name).bytes(2, attrValue(attribute)));
    graph.bytes(1, node);
  }
  return graph.bytes(4, new Message().int(1, 2000).int(2, 12)); // versions: producer, least consumer
}

const shapeProto = (shape: readonly number[]): Message => {
  const message = new Message();
  for (const size of shape) message.bytes(2, new Message().int(1, size));
  return message;
};

const tensorProto = ({ dtype, shape, data }: ConstantTensor): Message =>
  new Message()
    .int(1, dtype)
    .bytes(2, shapeProto(shape))
    .bytes(4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

/** The AttrValue message of an attribute. */
function attrValue({ name, type, value }: OpAttribute): Message {
  const { binding } = backend();
  switch (type) {
    case binding.TF_ATTR_STRING:
      return new Message().bytes(2, value as string);
    case binding.TF_ATTR_INT:
      return Array.isArray(value) ? new Message().bytes(1, new Message().packed(3, value)) : new Message().int(3, value as number);
    case binding.TF_ATTR_FLOAT:
      return new Message().float(4, value as number);
    case binding.TF_ATTR_BOOL:
      return new Message().int(5, value ? 1 : 0);
    case binding.TF_ATTR_TYPE:
      return new Message().int(6, value as number);
    case binding.TF_ATTR_SHAPE:
      return new Message().bytes(7, shapeProto(value as number[]));
    case TYPES:
      return new Message().bytes(1, new Message().packed(6, value as number[]));
    case TENSOR:
      return new Message().bytes(8, tensorProto(value as ConstantTensor));
    default:
      throw new TypeError(`compile: attribute ${name}: kind ${type} can't be written to a graph`);
  }
}
