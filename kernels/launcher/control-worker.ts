/**
 * The worker that owns the control and heartbeat sockets, so that they answer while a cell blocks the main thread.
 *
 * - Interrupt: if the main thread does not take the message up within 200 ms and is in a cell's synchronous part, or within 1.5 s
 *   elsewhere, loops of cells are told to throw (interruption.ts), which lets clean-up run. After 0.7 s, SIGINT ends a synchronous part
 *   that has no loop of a cell's (vm's breakOnSigint); after 4 s, loops in clean-up throw too. A child process that the main thread
 *   waits for gets a signal (children.ts).
 * - Shutdown: the same, and SIGKILL if the main thread is still blocked after three seconds.
 * - Parent: when the process that started the kernel has ended, the kernel ends, even inside an endless loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Reply, Router } from 'zeromq';
import { signalChildren } from './children';
import { endpoint } from './connection';
import { type ControlData, type ControlOrder, type ControlReport, shared } from './control';
import { createOutbox } from './outbox';
import { createWire } from './wire';

const { connection, flags, parentPid } = workerData as ControlData;
const port = parentPort!;
const wire = createWire(connection.key, 'kernel');
const control = new Router({ sendHighWaterMark: 0, linger: 500 });
const heartbeat = new Reply({ linger: 0 });
const report = (message: ControlReport): void => port.postMessage(message);

const retryMilliseconds = 200;
/** A slow step of a loop that yields after it is no endless loop. */
const patienceMilliseconds = 1500;
const signalMilliseconds = 700;
/** A busy machine takes a while to end what SIGINT ended: another one too soon would be left for the next cell. */
const anotherSignalMilliseconds = 1000;
const cleanUpMilliseconds = 4000;
const killMilliseconds = 3000;

const timers = new Set<NodeJS.Timeout>();
/** The children of this process before it began to wait for one. */
let known: readonly number[] = [];

function insist(number: number, kill: boolean): void {
  const since = Date.now();
  let signalled = Number.NEGATIVE_INFINITY;
  const timer = setInterval(() => {
    const waited = Date.now() - since;
    const synchronous = Atomics.load(flags, shared.synchronous) === 1;
    if (Atomics.load(flags, shared.handled) >= number) {
      clearInterval(timer);
      timers.delete(timer);
    } else if (kill && waited > killMilliseconds) {
      process.kill(process.pid, 'SIGKILL');
    } else if (Atomics.load(flags, shared.waiting) === 1) {
      // Said before the signal: the child may end, and the main thread go on, at once.
      Atomics.store(flags, shared.endedChild, 1);
      if (!signalChildren(known, waited > cleanUpMilliseconds ? 'SIGTERM' : 'SIGINT')) Atomics.store(flags, shared.endedChild, 0);
    } else {
      if (synchronous || waited > patienceMilliseconds) stopLoops(number, waited > cleanUpMilliseconds ? 2 : 1);
      if (synchronous && waited > signalMilliseconds && waited - signalled >= anotherSignalMilliseconds) {
        signalled = waited;
        process.kill(process.pid, 'SIGINT');
      }
    }
  }, retryMilliseconds);
  timers.add(timer);
}

function stopLoops(number: number, which: 1 | 2): void {
  Atomics.store(flags, shared.stopLoops, which);
  // The main thread may have taken the message up meanwhile, and not clear it again.
  if (Atomics.load(flags, shared.handled) >= number) Atomics.store(flags, shared.stopLoops, 0);
}

async function receive(): Promise<void> {
  let number = 0;
  for await (const frames of control) {
    number++;
    report({ number, frames });
    let type = '';
    try {
      type = wire.decode(frames).header.msg_type;
    } catch {
      continue; // The main thread complains about it.
    }
    if (type === 'interrupt_request') insist(number, false);
    if (type === 'shutdown_request') insist(number, true);
  }
}

async function beat(): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function watchParent(pid: number): void {
  // A direct child sees its parent's end at once (another process adopts it), even where the pid is used again.
  const direct = process.ppid === pid;
  const timer = setInterval(() => {
    if (direct ? process.ppid !== pid : !isAlive(pid)) process.kill(process.pid, 'SIGKILL');
  }, 1000);
  timers.add(timer);
}

function close(): void {
  for (const timer of timers) clearInterval(timer);
  control.close();
  heartbeat.close();
  port.close();
}

async function main(): Promise<void> {
  await Promise.all([control.bind(endpoint(connection, 'control')), heartbeat.bind(endpoint(connection, 'hb'))]);
  const outbox = createOutbox(control);
  port.on('message', (order: ControlOrder) => {
    if (order === 'close') void outbox.drained().then(close);
    else if ('children' in order) known = order.children;
    // Strings stay strings: ZeroMQ's own thread lets go of a long buffer through the worker that sent it, which has often ended by
    // then (zeromq.js 6.5.0), and the heap was corrupted; of a string or of 128 bytes it keeps a copy.
    else outbox.send(order.map((frame) => (typeof frame === 'string' ? frame : Buffer.from(frame))));
  });
  if (parentPid !== undefined) watchParent(parentPid);
  report({ ready: true });
  await Promise.all([receive(), beat()]);
}

main().catch((error) => report({ failed: `control channel: ${error.message}` }));
