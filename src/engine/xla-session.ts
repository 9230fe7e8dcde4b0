/** A graph run by XLA. Its state stays on the device between calls: each next value takes the place of the old one. */

import type * as tf from '@tensorflow/tfjs-core';
import type { RecordedGraph } from './graph';
import type { Session } from './session';
import { backend, formOf, type TensorForm } from './tensorflow';
import { tellWait } from './waits';
import { type DeviceBuffer, type Hlo, loadToHlo, type Program } from './xla-addons';
import { dropProgram, keepProgram, keptProgram, programKey } from './xla-cache';
import { deviceName, type XlaDevice, xlaDevice } from './xla-device';
import { DeviceError, expectFits } from './xla-error';
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
  const open = (form: Omit<Hlo, 'hlo'>, program: Program): Session => {
    expectFits(device, program);
    return new XlaSession(device, recorded, form, program);
  };
  const kept = load(device, key);
  if (kept) return open(kept.form, kept.program);
  let form: Hlo;
  try {
    form = loadToHlo().toHlo(graph.definition, graph.arguments, graph.tensorFloat32, device.devices);
  } catch (error) {
    const why = whyRefused(error);
    if (!said.has(why)) console.warn(`compile: XLA has no form of this function, so TensorFlow runs it on the processor: ${why}`);
    said.add(why);
    return undefined;
  }
  tellWait(`compiling for ${deviceName(device)}`);
  const program = DeviceError.during(device, () => device.pjrt.compile(form.hlo, 'hlo', compileOptions(flags, device.devices)));
  keep(device, key, form, program);
  return open(form, program);
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

function keep(device: XlaDevice, key: string, { hlo: _, ...form }: Hlo, program: Program): void {
  try {
    keepProgram(key, { form, program: device.pjrt.serialize(program) });
  } catch {
    // a plugin that can't write programs: they are compiled in each process
  }
}

/** A tensor on the devices: a buffer on each. */
type Placed = readonly DeviceBuffer[];

class XlaSession implements Session {
  private state: Placed[] = [];
  /** The last call's inputs: those that come again, such as a prompt's context in each step of sampling, are on the device already. */
  private held: { readonly data: object; readonly placed: Placed }[] = [];

  constructor(
    private readonly device: XlaDevice,
    private readonly recorded: RecordedGraph,
    private readonly form: Omit<Hlo, 'hlo'>,
    private readonly program: Program,
  ) {}

  run(inputs: readonly tf.Tensor[]): tf.Tensor[] {
    const results = DeviceError.during(this.device, () => {
      this.hold(inputs);
      const first = this.recorded.state.length;
      const placed = this.form.inputs.map((i) => (i < first ? this.state[i]! : this.held[i - first]!.placed));
      return this.device.pjrt.execute(
        this.program,
        this.each((k) => placed.map((buffers) => buffers[k]!)),
      );
    });
    const count = results[0]!.length - this.form.updates.length;
    this.form.updates.forEach((argument, k) => {
      this.free(this.state[argument]);
      this.state[argument] = results.map((row) => row[count + k]!);
    });
    try {
      return this.recorded.outputs.map((form, i) => {
        const output = this.form.outputs[i]!;
        return toTensor(form, typeof output === 'number' ? this.download(results[0]![output]!) : Uint8Array.from(output).buffer);
      });
    } finally {
      for (const row of results) this.free(row.slice(0, count));
    }
  }

  read(): tf.Tensor[] {
    return this.recorded.state.map((form, i) => toTensor(form, this.download(this.state[i]![0]!)));
  }

  write(values: readonly tf.Tensor[]): void {
    DeviceError.during(this.device, () => {
      values.forEach((value, i) => {
        this.free(this.state[i]);
        this.state[i] = this.upload(value, false);
      });
    });
  }

  takeFrom(other: Session): boolean {
    if (!(other instanceof XlaSession)) return false;
    [this.state, other.state] = [other.state, []];
    return true;
  }

  close(): void {
    this.free(...this.state, ...this.held.map(({ placed }) => placed));
    this.device.pjrt.free([this.program]);
    [this.state, this.held] = [[], []];
  }

  /** Has a call's inputs on the devices. */
  private hold(inputs: readonly tf.Tensor[]): void {
    const first = this.recorded.state.length;
    inputs.forEach((input, i) => {
      const before = this.held[i];
      if (before?.data === input.dataId) return;
      const placed = this.upload(input, this.form.divided.includes(first + i));
      this.free(before?.placed);
      this.held[i] = { data: input.dataId, placed };
    });
  }

  /** Copies a tensor to the devices: the whole to each, or to each a part of the rows. */
  private upload(x: tf.Tensor, divided: boolean): Placed {
    const node = backend();
    const { dtype, shape } = formOf(x);
    const values = node.binding.tensorDataSync(node.getInputTensorIds([x])[0]!) as Values;
    const { type } = TYPES[dtype]!;
    const part = values.length / this.device.devices;
    return this.each((k) =>
      divided
        ? this.device.pjrt.upload(values.subarray(k * part, (k + 1) * part), type, [shape[0]! / this.device.devices, ...shape.slice(1)], k)
        : this.device.pjrt.upload(values, type, shape, k),
    );
  }

  private each<T>(make: (device: number) => T): T[] {
    return Array.from({ length: this.device.devices }, (_, k) => make(k));
  }

  private free(...placed: readonly (Placed | undefined)[]): void {
    for (const buffers of placed) if (buffers) this.device.pjrt.free(buffers);
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
