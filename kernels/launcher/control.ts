/**
 * The main thread's side of the control channel.
 *
 * The sockets for control and heartbeat live in a worker (control-worker.ts): a cell that never yields blocks the main
 * thread, and an interrupt must reach it all the same. Both sides share five integers.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { installChildren } from './children';
import type { Connection } from './connection';
import { installRuntime } from './interruption';
import type { Sender } from './outbox';
import type { Frame } from './wire';

/** Indices into the integers that both threads share. */
export const shared = {
  /** 1 while V8 runs a cell's synchronous part, which SIGINT ends. */
  synchronous: 0,
  /** The number of the last control message that the main thread has taken up. */
  handled: 1,
  /** 1 while loops of cells must throw outside of clean-up, 2 while all must. */
  stopLoops: 2,
  /** 1 while the main thread waits for a child process. */
  waiting: 3,
  /** 1 where an interrupt ended that child. */
  endedChild: 4,
} as const;

/** What the worker is started with. */
export interface ControlData {
  readonly connection: Connection;
  readonly flags: Int32Array;
  /** The process to watch; undefined where nobody started the kernel that says so. */
  readonly parentPid: number | undefined;
}

/** What the worker is told: frames to send, the children before one that is waited for, or to close its sockets and end. */
export type ControlOrder = Frame[] | { readonly children: readonly number[] } | 'close';

/** What the worker tells. */
export type ControlReport =
  | { readonly ready: true }
  | { readonly failed: string }
  | { readonly number: number; readonly frames: Uint8Array[] };

/** The control channel. */
export interface Control extends Sender {
  /** Says whether a cell's synchronous part runs. */
  setSynchronous(running: boolean): void;
  close(): Promise<void>;
}

/**
 * Starts the worker and binds its sockets.
 *
 * @param onMessage  takes the frames of each control message
 * @throws Error where a socket cannot be bound
 */
export function startControl(
  connection: Connection,
  parentPid: number | undefined,
  onMessage: (frames: Buffer[]) => void,
): Promise<Control> {
  const flags = new Int32Array(new SharedArrayBuffer(20));
  installRuntime(flags, shared.stopLoops);
  const workerData: ControlData = { connection, flags, parentPid };
  const worker = new Worker(join(__dirname, 'control-worker.js'), { workerData, stdout: false, stderr: false });
  const order = (message: ControlOrder): void => worker.postMessage(message);
  installChildren({
    begins(children) {
      order({ children });
      Atomics.store(flags, shared.endedChild, 0);
      Atomics.store(flags, shared.waiting, 1);
    },
    ends() {
      Atomics.store(flags, shared.waiting, 0);
      return Atomics.load(flags, shared.endedChild) === 1;
    },
  });
  const control: Control = {
    async send(frames: Frame[]) {
      order(frames);
    },
    setSynchronous: (running) => Atomics.store(flags, shared.synchronous, running ? 1 : 0),
    // Terminating the worker with open sockets would abort the process: it ends by itself.
    close: () =>
      new Promise((resolve) => {
        worker.on('exit', () => resolve());
        order('close');
      }),
  };
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (report: ControlReport) => {
      if ('ready' in report) resolve(control);
      else if ('failed' in report) reject(new Error(report.failed));
      else {
        Atomics.store(flags, shared.handled, report.number);
        Atomics.store(flags, shared.stopLoops, 0);
        onMessage(report.frames.map((frame) => Buffer.from(frame)));
      }
    });
  });
}
