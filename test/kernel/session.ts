/** A kernel for a test file, and what its cells show. */
import { after, before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Content,
  createCollector,
  type Displays,
  type ExecuteOptions,
  Kernel,
  type KernelOptions,
  type Message,
  type Output,
} from 'roentgen-lab/kernel-client';

/** What a cell showed. */
export interface Shown {
  readonly reply: Content;
  readonly outputs: Output[];
  readonly messages: Message[];
  /** The text of stdout. */
  readonly text: string;
  /** The text of the cell's value. */
  readonly value: string | undefined;
}

/** One kernel, started before the file's tests and ended after them. */
export interface Session {
  readonly kernel: Kernel;
  /** Runs a cell as a front end would. */
  run(code: string, options?: ExecuteOptions): Promise<Shown>;
}

/** Runs a cell and gathers what it shows. */
export async function runIn(kernel: Kernel, code: string, options: ExecuteOptions = {}, displays: Displays = new Map()): Promise<Shown> {
  const outputs: Output[] = [];
  const messages: Message[] = [];
  const collect = createCollector(outputs, displays);
  const reply = await kernel.execute(code, {
    ...options,
    onMessage(message) {
      messages.push(message);
      collect(message);
      options.onMessage?.(message);
    },
  });
  const text = outputs
    .filter((output) => output.output_type === 'stream' && output.name === 'stdout')
    .map((output) => output.text)
    .join('');
  const value = outputs.find((output) => output.output_type === 'execute_result')?.data?.['text/plain'];
  return { reply, outputs, messages, text, value };
}

/** The session of a test file. */
export function session(options: KernelOptions = {}): Session {
  let kernel: Kernel | undefined;
  const displays: Displays = new Map();
  before(async () => {
    kernel = await Kernel.start(options);
  });
  after(() => kernel?.shutdown());
  return {
    get kernel() {
      return kernel!;
    },
    run: (code, executeOptions) => runIn(kernel!, code, executeOptions, displays),
  };
}

/** Runs a cell and interrupts it once it has printed `started`. */
export async function runInterrupted({ kernel, run }: Session, code: string, pause = 50): Promise<Shown & { milliseconds: number }> {
  let at = 0;
  let interrupting: Promise<void> | undefined;
  const shown = await run(code, {
    onMessage({ header, content }) {
      if (header.msg_type !== 'stream' || !content.text.includes('started') || interrupting) return;
      interrupting = delay(pause).then(() => {
        at = Date.now();
        return kernel.interrupt();
      });
    },
  });
  const milliseconds = Date.now() - at;
  await interrupting;
  return { ...shown, milliseconds };
}

/** The single error of a cell. */
export function errorOf(shown: Shown): { ename: string; evalue: string; traceback: string } {
  const error = shown.outputs.find((output) => output.output_type === 'error');
  if (!error) throw new Error(`expected an error, got ${JSON.stringify(shown.outputs)}`);
  return { ename: error.ename!, evalue: error.evalue!, traceback: error.traceback!.join('\n') };
}
