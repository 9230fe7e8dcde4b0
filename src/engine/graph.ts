/** A TensorFlow graph being written, and the session that runs it. Field numbers: tensorflow/core/framework/{node_def,attr_value,graph,tensor}.proto. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFused } from './fused';
import { Message } from './protobuf';
import { type Binding, type ConstantTensor, type OpAttribute, type OpOutput, TENSOR } from './tensorflow';

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
function attrValue(binding: Binding, { name, type, value }: OpAttribute): Message {
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
    case TENSOR:
      return new Message().bytes(8, tensorProto(value as ConstantTensor));
    default:
      throw new TypeError(`compile: attribute ${name}: kind ${type} can't be written to a graph`);
  }
}

/**
 * A session's ConfigProto (tensorflow/core/protobuf/config.proto). With the fused operations a graph has little that TensorFlow's optimiser could
 * merge, and each has its own threads: the optimiser would take longer than the first step, and a second operation at once would take cores away.
 */
function sessionConfig(): Message {
  const config = new Message();
  if (!isFused()) return config;
  const rewrites = new Message().int(19, 1); // disable_meta_optimizer
  return config.int(5, 1).bytes(10, new Message().bytes(10, rewrites)); // inter_op_parallelism_threads, graph_options.rewrite_options
}

/** GraphDef under construction. An input is a node's name, "name:k" for its output k, or "^name" for "after". */
export class GraphWriter {
  private readonly graph = new Message();
  private count = 0;

  constructor(private readonly binding: Binding) {}

  add(op: string, inputs: readonly string[], attributes: readonly OpAttribute[], name: string = `n${this.count++}`): string {
    const node = new Message().bytes(1, name).bytes(2, op);
    for (const input of inputs) node.bytes(3, input);
    for (const attribute of attributes) node.bytes(5, new Message().bytes(1, attribute.name).bytes(2, attrValue(this.binding, attribute)));
    this.graph.bytes(1, node);
    return name;
  }

  /** Writes it as a saved model, loads that, and removes the files. */
  load(): GraphSession {
    this.graph.bytes(4, new Message().int(1, 2000).int(2, 12)); // versions: producer, least consumer
    const meta = new Message().bytes(1, new Message().bytes(4, 'serve')).bytes(2, this.graph);
    const folder = mkdtempSync(join(tmpdir(), 'roentgen-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), new Message().int(1, 1).bytes(2, meta).finish());
      writeFileSync(join(folder, 'session.pb'), sessionConfig().finish()); // kernels/link/session-options.cc
      return new GraphSession(this.binding, this.binding.loadSavedModel(folder, 'serve'));
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
