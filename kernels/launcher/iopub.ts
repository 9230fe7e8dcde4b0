/**
 * What every front end sees: statuses, outputs, results, errors, in the order in which they were made.
 *
 * Text that comes slowly is sent at once, also from a loop that never yields. Text that comes fast is gathered: 20,000
 * console.log calls become a few hundred messages. Whatever else is published flushes the text first, so the order of text
 * and pictures is the program's.
 */
import { StringDecoder } from 'node:string_decoder';
import { clearTimeout, setTimeout } from 'node:timers';
import { type Context, currentContext, currentSink, runOutside } from './contexts';
import type { Outbox } from './outbox';
import type { Content, Envelope, Wire } from './wire';

/** The two text streams of a process. */
export type StreamName = 'stdout' | 'stderr';

/** Publishes on the iopub channel. */
export interface Iopub {
  /** Publishes a message with the context's request as its parent, after all text written before. */
  publish(type: string, content: Content, context: Context, envelope?: Pick<Envelope, 'metadata' | 'buffers'>): void;
  /** Busy or idle, on behalf of a request. */
  status(state: 'starting' | 'busy' | 'idle', context: Context): void;
  /** Adds text to a stream of the current context; published at once or, where much comes, within 50 ms. */
  write(name: StreamName, text: string): void;
  /** Publishes the text gathered so far. */
  flush(): void;
}

const flushBytes = 1 << 16;
const flushMilliseconds = 50;
/** So many messages of text may go out at once, after which one more is allowed every `refillMilliseconds`. */
const burst = 50;
const refillMilliseconds = 20;

/** The publisher on an iopub socket's outbox. */
export function createIopub(wire: Wire, outbox: Outbox): Iopub {
  let gathered: { readonly context: Context; readonly name: StreamName; parts: string[]; length: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let allowance = burst;
  let countedAt = Date.now();

  function send(type: string, content: Content, context: Context, envelope: Pick<Envelope, 'metadata' | 'buffers'> = {}): void {
    // The first frame is the subscription's topic; every front end subscribes to all.
    outbox.send(wire.encode(wire.header(type), content, { ...envelope, ids: [type], parent: context.parent }));
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (!gathered) return;
    const { context, name, parts } = gathered;
    gathered = undefined;
    send('stream', { name, text: parts.join('') }, context);
  }

  // No timer fires in a loop that never yields: the clock decides.
  function takeAllowance(): boolean {
    const now = Date.now();
    const refill = (now - countedAt) / refillMilliseconds;
    allowance = Math.min(burst, allowance + refill);
    countedAt = now;
    if (allowance < 1) return false;
    allowance--;
    return true;
  }

  return {
    flush,
    publish(type, content, context, envelope) {
      flush();
      send(type, content, context, envelope);
    },
    status(state, context) {
      flush();
      send('status', { execution_state: state }, context);
    },
    write(name, text) {
      const context = currentContext();
      if (context.muted || text === '') return;
      const sink = currentSink();
      if (sink) {
        sink.write(name, text);
        return;
      }
      if (gathered && (gathered.context !== context || gathered.name !== name)) flush();
      gathered ??= { context, name, parts: [], length: 0 };
      gathered.parts.push(text);
      gathered.length += text.length;
      if (gathered.length >= flushBytes || takeAllowance()) flush();
      else timer ??= runOutside(() => setTimeout(flush, flushMilliseconds));
    },
  };
}

/** Sends what JavaScript writes to process.stdout and process.stderr (console included) to the front ends. */
export function captureStreams(iopub: Iopub): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const decoder = new StringDecoder('utf8');
    const write = (chunk: Uint8Array | string, encoding?: unknown, callback?: unknown): boolean => {
      iopub.write(name, typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk)));
      const done = typeof encoding === 'function' ? encoding : callback;
      if (typeof done === 'function') process.nextTick(done);
      return true;
    };
    process[name].write = write as typeof process.stdout.write;
  }
}
