/** A graph run by XLA. Its state stays on the device between calls: each next value takes the place of the old one. */

import type * as tf from '@tensorflow/tfjs-core';
import type { RecordedGraph } from './graph';
import type { Session } from './session';
import { backend, formOf, type TensorForm } from './tensorflow';
import { tellWait } from './waits';
import { type DeviceBuffer, type Hlo, loadToHlo, type Program } from './xla-addons';
import { dropProgram, keepProgram, keptProgram, programKey } from './xla-cache';
import { deviceName, type XlaDevice, xlaDevice } from './xla-device';
import { DeviceError } from './xla-error';
import { xlaGraph } from './xla-graph';
import { compileOptions, DETERMINISTIC } from './xla-options';

type Values = Float32Array | Int32Array | Uint8Array;

/** By TensorFlow's number of an element type, PJRT's and the array that holds it. */
const TYPES: Readonly<Record<number, { readonly type: number; readonly make: (bytes: ArrayBuffer) => Values }>> = {
  1: { type: 11, make: (bytes) => new Float32Array(bytes) },
  3: { type: 4, make: (bytes) => new Int32Array(bytes) },
  10: { type: 1, make: (bytes) => new Uint8Array(bytes) },
};

/** Said once in a process for each reason. */
const said = new Set<string>();

/**
 * Opens a session on the device.
 *
 * @returns undefined, with a note, where XLA has no form of the graph
 * @throws DeviceError where the device can't compile or hold it
 */
export function openXlaSession(recorded: RecordedGraph): Session | undefined {
  const device = xlaDevice()!;
  const graph = xlaGraph(recorded);
  const flags = device.deterministic ? DETERMINISTIC : {};
  const key = programKey(graph.definition, [graph.arguments, graph.tensorFloat32, flags, device.identity]);
  const kept = load(device, key);
  if (kept) return new XlaSession(device, recorded, kept.form, kept.program);
  let form: Hlo;
  try {
    form = loadToHlo().toHlo(graph.definition, graph.arguments, graph.tensorFloat32);
  } catch (error) {
    const why = whyRefused(error);
    if (!said.has(why)) console.warn(`compile: XLA has no form of this function, so TensorFlow runs it on the processor: ${why}`);
    said.add(why);
    return undefined;
  }
  tellWait(`compiling for ${deviceName(device)}`);
  const program = DeviceError.during(device, () => device.pjrt.compile(form.hlo, 'hlo', compileOptions(flags)));
  keep(device, key, form, program);
  return new XlaSession(device, recorded, form, program);
}

/** The reason in TensorFlow's words, without the list of nodes behind it. */
function whyRefused(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
  const unsupported = /Detected unsupported operations .*?: (.*?)(?: \{\{|$)/.exec(text)?.[1] ?? text;
  return unsupported.slice(0, 300);
}

function load(device: XlaDevice, key: string): { form: Omit<Hlo, 'hlo'>; program: Program } | undefined {
  const kept = keptProgram(key);
  if (!kept) return undefined;
  try {
    return { form: kept.form, program: device.pjrt.deserialize(kept.program) };
  } catch {
    dropProgram(key);
    return undefined;
  }
}

function keep(device: XlaDevice, key: string, { outputs, updates, inputs }: Hlo, program: Program): void {
  try {
    keepProgram(key, { form: { outputs, updates, inputs }, program: device.pjrt.serialize(program) });
  } catch {
    // a plugin that can't write programs: they are compiled in each process
  }
}

class XlaSession implements Session {
  private state: DeviceBuffer[] = [];
  /** The last call's inputs: those that come again, such as a prompt's context in each step of sampling, are on the device already. */
  private held: { readonly data: object; readonly buffer: DeviceBuffer }[] = [];

  constructor(
    private readonly device: XlaDevice,
    private readonly recorded: RecordedGraph,
    private readonly form: Omit<Hlo, 'hlo'>,
    private readonly program: Program,
  ) {}

  run(inputs: readonly tf.Tensor[]): tf.Tensor[] {
    const { pjrt } = this.device;
    const results = DeviceError.during(this.device, () => {
      this.hold(inputs);
      const first = this.recorded.state.length;
      const args = this.form.inputs.map((i) => (i < first ? this.state[i]! : this.held[i - first]!.buffer));
      return pjrt.execute(this.program, [args])[0]!;
    });
    const count = results.length - this.form.updates.length;
    this.form.updates.forEach((argument, k) => {
      pjrt.free([this.state[argument]]);
      this.state[argument] = results[count + k]!;
    });
    const outputs = results.slice(0, count);
    try {
      return this.recorded.outputs.map((form, i) => {
        const output = this.form.outputs[i]!;
        const bytes = typeof output === 'number' ? this.download(outputs[output]!) : Uint8Array.from(output).buffer;
        return toTensor(form, bytes);
      });
    } finally {
      pjrt.free(outputs);
    }
  }

  read(): tf.Tensor[] {
    return this.recorded.state.map((form, i) => toTensor(form, this.download(this.state[i]!)));
  }

  write(values: readonly tf.Tensor[]): void {
    DeviceError.during(this.device, () => {
      values.forEach((value, i) => {
        this.device.pjrt.free([this.state[i]]);
        this.state[i] = this.upload(value);
      });
    });
  }

  takeFrom(other: Session): boolean {
    if (!(other instanceof XlaSession)) return false;
    [this.state, other.state] = [other.state, []];
    return true;
  }

  close(): void {
    this.device.pjrt.free([...this.state, ...this.held.map(({ buffer }) => buffer), this.program]);
    [this.state, this.held] = [[], []];
  }

  /** Has a call's inputs on the device. */
  private hold(inputs: readonly tf.Tensor[]): void {
    inputs.forEach((input, i) => {
      const before = this.held[i];
      if (before?.data === input.dataId) return;
      const buffer = this.upload(input);
      if (before) this.device.pjrt.free([before.buffer]);
      this.held[i] = { data: input.dataId, buffer };
    });
  }

  private upload(x: tf.Tensor): DeviceBuffer {
    const node = backend();
    const { dtype, shape } = formOf(x);
    const values = node.binding.tensorDataSync(node.getInputTensorIds([x])[0]!);
    return this.device.pjrt.upload(values, TYPES[dtype]!.type, shape);
  }

  private download(buffer: DeviceBuffer): ArrayBuffer {
    return DeviceError.during(this.device, () => this.device.pjrt.download(buffer));
  }
}

function toTensor({ dtype, shape }: TensorForm, bytes: ArrayBuffer): tf.Tensor {
  const node = backend();
  const id = node.binding.createTensor([...shape], dtype, TYPES[dtype]!.make(bytes));
  return node.createOutputTensor({ id, shape: [...shape], dtype });
}
