/** A graph run by TensorFlow on the processor. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { cluster, clusterConfig, clusterError, serverDef } from './cluster';
import { isFused } from './fused';
import { graphDef, type RecordedGraph } from './graph';
import { Message } from './protobuf';
import type { Session } from './session';
import { backend } from './tensorflow';

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

/** Whether a graph waits for other processes: it then runs in a session of the cluster, and all others as ever. */
const reducesOver = ({ nodes }: RecordedGraph): boolean => nodes.some(({ op }) => op === 'CollectiveReduceV2');

/** Writes the graph as a saved model, loads that, and removes the files. */
function load(graph: RecordedGraph): number {
  const { nodes } = graph;
  const shared = reducesOver(graph) ? cluster() : undefined;
  const meta = new Message().bytes(1, new Message().bytes(4, 'serve')).bytes(2, graphDef(nodes));
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-graph-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), new Message().int(1, 1).bytes(2, meta).finish());
    // What kernels/link/session-options.cc takes.
    writeFileSync(join(folder, 'session.pb'), (shared ? clusterConfig(sessionConfig(), shared) : sessionConfig()).finish());
    if (shared) writeFileSync(join(folder, 'server.pb'), serverDef(shared).finish());
    return backend().binding.loadSavedModel(folder, 'serve');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The state lies in TensorFlow's variables. */
export class TensorFlowSession implements Session {
  private readonly id: number;

  constructor(private readonly graph: RecordedGraph) {
    this.id = load(graph);
  }

  run(inputs: readonly tf.Tensor[]): tf.Tensor[] {
    const outputs = this.graph.outputs.map((_, i) => `output${i}`);
    const fetched = this.call(
      inputs,
      inputs.map((_, i) => `input${i}`),
      [...outputs, 'done'],
    );
    fetched.pop()!.dispose();
    return fetched;
  }

  read(): tf.Tensor[] {
    return this.call([], [], this.leaves('read'));
  }

  write(values: readonly tf.Tensor[]): void {
    for (const written of this.call(values, this.leaves('write'), this.leaves('written'))) written.dispose();
  }

  takeFrom(): boolean {
    return false;
  }

  close(): void {
    backend().binding.deleteSavedModel(this.id);
  }

  private leaves(name: string): string[] {
    return this.graph.state.map((_, i) => `${name}${i}`);
  }

  private call(inputs: readonly tf.Tensor[], names: readonly string[], fetches: readonly string[]): tf.Tensor[] {
    const node = backend();
    const fetched = fetches.map((name) => `${name}:0`).join(',');
    try {
      const outputs = node.binding.runSavedModel(this.id, node.getInputTensorIds([...inputs]), names.join(','), fetched);
      return outputs.map((output) => node.createOutputTensor(output));
    } catch (error) {
      throw clusterError(error) ?? error;
    }
  }
}
