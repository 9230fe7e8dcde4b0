/** A TensorFlow graph being written, and the session that runs it. Field numbers: tensorflow/core/framework/{node_def,attr_value,graph,tensor}.proto. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Message } from './protobuf';

/** The attribute kinds of tfjs-node's binding. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface OpOutput {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** What is used of the addon behind tfjs-node. */
export interface Binding {
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): OpOutput[];
  tensorDataSync(id: number): ArrayBufferView;
  loadSavedModel(folder: string, tags: string): number;
  runSavedModel(id: number, inputs: number[], inputNames: string, outputNames: string): OpOutput[];
  deleteSavedModel(id: number): void;
}

const shapeProto = (shape: readonly number[]): Message => {
  const message = new Message();
  for (const size of shape) message.bytes(2, new Message().int(1, size));
  return message;
};

/** AttrValue messages by kind. */
export const attribute = {
  type: (dtype: number): Message => new Message().int(6, dtype),
  shape: (shape: readonly number[]): Message => new Message().bytes(7, shapeProto(shape)),
  string: (text: string): Message => new Message().bytes(2, text),
  tensor: (dtype: number, shape: readonly number[], data: ArrayBufferView): Message =>
    new Message().bytes(
      8,
      new Message()
        .int(1, dtype)
        .bytes(2, shapeProto(shape))
        .bytes(4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    ),
  /** The same attribute as given to an eager op. */
  recorded(binding: Binding, { name, type, value }: OpAttribute): Message {
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
      default:
        throw new TypeError(`compile: attribute ${name}: kind ${type} can't be written to a graph`);
    }
  },
};

/** GraphDef under construction. An input is a node's name, "name:k" for its output k, or "^name" for "after". */
export class GraphWriter {
  private readonly graph = new Message();
  private count = 0;

  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Message>>, name: string = `n${this.count++}`): string {
    const node = new Message().bytes(1, name).bytes(2, op);
    for (const input of inputs) node.bytes(3, input);
    for (const [key, value] of Object.entries(attributes)) node.bytes(5, new Message().bytes(1, key).bytes(2, value));
    this.graph.bytes(1, node);
    return name;
  }

  /** Writes it as a saved model, loads that, and removes the files. */
  load(binding: Binding): GraphSession {
    this.graph.bytes(4, new Message().int(1, 2000).int(2, 12)); // versions: producer, least consumer
    const meta = new Message().bytes(1, new Message().bytes(4, 'serve')).bytes(2, this.graph);
    const folder = mkdtempSync(join(tmpdir(), 'roentgen-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), new Message().int(1, 1).bytes(2, meta).finish());
      return new GraphSession(binding, binding.loadSavedModel(folder, 'serve'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** A loaded graph with its variables, until `close`. */
export class GraphSession {
  constructor(
    private readonly binding: Binding,
    private readonly id: number,
  ) {}

  run(inputs: readonly number[], inputNames: readonly string[], outputNames: readonly string[]): OpOutput[] {
    return this.binding.runSavedModel(this.id, [...inputs], inputNames.join(','), outputNames.map((name) => `${name}:0`).join(','));
  }

  close(): void {
    this.binding.deleteSavedModel(this.id);
  }
}
