/** A client of one running kernel, over the same wire that JupyterLab speaks. */
import { setTimeout as delay } from 'node:timers/promises';
import { context, Dealer, Subscriber } from 'zeromq';
import { type Channel, endpoint } from '../launcher/connection';
import { createOutbox, type Outbox } from '../launcher/outbox';
import { type Content, createWire, type Message, type Wire } from '../launcher/wire';
import { type KernelPlace, type KernelProcess, spawnKernel } from './kernel-process';
import { findSpec, type KernelSpec, launcherSpec } from './spec';

/** How to start a kernel. */
export interface KernelOptions extends KernelPlace {
  /** Name or folder of a kernelspec; without it this installation's launcher. */
  readonly kernel?: string;
  /** How long the start may take. Default 180,000 ms. */
  readonly startMilliseconds?: number;
  /** Ends the start. */
  readonly signal?: AbortSignal;
}

/** How to run a piece of code. */
export interface ExecuteOptions {
  readonly silent?: boolean;
  readonly storeHistory?: boolean;
  /** Whether an error skips the requests that wait behind this one. Default true. */
  readonly stopOnError?: boolean;
  /** Takes each iopub message that answers the request, in order. */
  readonly onMessage?: (message: Message) => void;
  /** Answers questions (`input`); without it the kernel is told that none are taken. */
  readonly onInput?: (prompt: string, password: boolean) => Promise<string> | string;
}

interface Pending {
  readonly options: ExecuteOptions;
  reply?: Content;
  idle: boolean;
  settle(): void;
  fail(error: Error): void;
}

type Requests = 'shell' | 'control';

/** A running kernel. Ends its process on `shutdown`. */
export class Kernel {
  readonly spec: KernelSpec;
  readonly #process: KernelProcess;
  readonly #wire: Wire;
  readonly #sockets: { shell: Dealer; control: Dealer; stdin: Dealer; iopub: Subscriber };
  readonly #outboxes: Record<'shell' | 'control' | 'stdin', Outbox>;
  readonly #pending = new Map<string, Pending>();
  readonly #listeners = new Set<(message: Message) => void>();
  #heard = false;

  private constructor(spec: KernelSpec, kernel: KernelProcess) {
    this.spec = spec;
    this.#process = kernel;
    this.#wire = createWire(kernel.connection.key, 'client');
    const options = { routingId: this.#wire.session, linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 };
    this.#sockets = {
      shell: new Dealer(options),
      control: new Dealer(options),
      stdin: new Dealer(options),
      iopub: new Subscriber({ linger: 0, receiveHighWaterMark: 0 }),
    };
    const { shell, control, stdin, iopub } = this.#sockets;
    iopub.subscribe('');
    this.#outboxes = { shell: createOutbox(shell), control: createOutbox(control), stdin: createOutbox(stdin) };
    for (const channel of ['shell', 'control', 'stdin', 'iopub'] as const) void this.#read(channel);
    void kernel.ended.then((how) => this.#close(how));
  }

  /**
   * Starts a kernel and waits until it answers.
   *
   * @throws Error where there is no such kernelspec, or the kernel ends or stays silent; it says what the kernel said
   */
  static async start(options: KernelOptions = {}): Promise<Kernel> {
    // Nothing is worth waiting for when this process ends.
    context.blocky = false;
    const spec = options.kernel === undefined ? launcherSpec() : findSpec(options.kernel);
    const kernel = new Kernel(spec, await spawnKernel(spec, options));
    const limit = options.startMilliseconds ?? 180_000;
    const until = Date.now() + limit;
    // The subscription to iopub takes a moment: the kernel is ready when a request's status arrives there too.
    while (!kernel.#heard) {
      if (kernel.#process.hasEnded()) throw new Error(await kernel.#process.ended);
      if (options.signal?.aborted || Date.now() > until) {
        kernel.#process.signal('SIGKILL');
        options.signal?.throwIfAborted();
        throw new Error(`${spec.displayName}: no answer within ${limit / 1000} s`);
      }
      const asked = kernel.request('shell', 'kernel_info_request', {}).catch(() => undefined);
      await Promise.race([asked.then(() => delay(50)), delay(500), kernel.#process.ended]);
    }
    return kernel;
  }

  /** The process's id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Settles, with a sentence, when the process has ended. */
  get ended(): Promise<string> {
    return this.#process.ended;
  }

  /** Sends a request and returns its reply's content. @throws Error where the kernel ends before it answers */
  request(channel: Requests, type: string, content: Content): Promise<Content> {
    return this.#ask(channel, type, content, {}).then((pending) => pending.reply!);
  }

  /**
   * Runs code; returns the content of the reply once all its outputs have arrived. An error in the code is a reply with
   * `status: 'error'`, not an exception.
   *
   * @throws Error where the kernel ends meanwhile
   */
  execute(code: string, options: ExecuteOptions = {}): Promise<Content> {
    const content = {
      code,
      silent: options.silent ?? false,
      store_history: options.storeHistory ?? !options.silent,
      user_expressions: {},
      allow_stdin: options.onInput !== undefined,
      stop_on_error: options.stopOnError ?? true,
    };
    return this.#ask('shell', 'execute_request', content, options).then((pending) => pending.reply!);
  }

  /** Sends a message that has no reply (comm messages). */
  send(type: string, content: Content, buffers: readonly ArrayBufferView[] = []): string {
    const header = this.#wire.header(type);
    this.#outboxes.shell.send(this.#wire.encode(header, content, { buffers }));
    return header.msg_id;
  }

  /** Hears every iopub message; returns the function that ends it. */
  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks the kernel to end the running cell. */
  async interrupt(): Promise<void> {
    if (this.spec.interruptMode === 'signal') this.#process.signal('SIGINT');
    else await this.request('control', 'interrupt_request', {});
  }

  /** Ends the kernel: asks, and kills it where it does not end within five seconds. */
  async shutdown(): Promise<void> {
    if (!this.#process.hasEnded()) {
      this.request('control', 'shutdown_request', { restart: false }).catch(() => undefined);
      const late = new AbortController();
      const slow = delay(5000, true, { signal: late.signal }).catch(() => false);
      if ((await Promise.race([this.#process.ended.then(() => false), slow])) === true) this.#process.signal('SIGKILL');
      late.abort();
    }
    await this.#process.ended;
  }

  #ask(channel: Requests, type: string, content: Content, options: ExecuteOptions): Promise<Pending> {
    return new Promise((resolve, reject) => {
      if (this.#process.hasEnded()) {
        void this.#process.ended.then((how) => reject(new Error(how)));
        return;
      }
      const header = this.#wire.header(type);
      const forget = (): boolean => this.#pending.delete(header.msg_id);
      const pending: Pending = {
        options,
        idle: false,
        settle() {
          // Replies and outputs come through two sockets: the last output is the idle status.
          if (!pending.reply || !(pending.idle || type !== 'execute_request')) return;
          forget();
          resolve(pending);
        },
        fail(error) {
          forget();
          reject(error);
        },
      };
      this.#pending.set(header.msg_id, pending);
      this.#outboxes[channel].send(this.#wire.encode(header, content));
    });
  }

  async #read(channel: Exclude<Channel, 'hb'>): Promise<void> {
    const socket = this.#sockets[channel];
    socket.connect(endpoint(this.#process.connection, channel));
    for await (const frames of socket) {
      const message = this.#wire.decode(frames);
      if (channel === 'iopub') this.#hear(message);
      else if (channel === 'stdin') await this.#answerInput(message);
      else {
        const pending = this.#pending.get(message.parent.msg_id ?? '');
        if (pending) pending.reply = message.content;
        pending?.settle();
      }
    }
  }

  #hear(message: Message): void {
    if (message.parent.msg_id) this.#heard = true;
    const pending = this.#pending.get(message.parent.msg_id ?? '');
    pending?.options.onMessage?.(message);
    for (const listener of this.#listeners) listener(message);
    if (pending && message.header.msg_type === 'status' && message.content.execution_state === 'idle') {
      pending.idle = true;
      pending.settle();
    }
  }

  async #answerInput(message: Message): Promise<void> {
    const ask = this.#pending.get(message.parent.msg_id ?? '')?.options.onInput;
    if (!ask) return;
    const value = await ask(message.content.prompt, message.content.password === true);
    this.#outboxes.stdin.send(this.#wire.encode(this.#wire.header('input_reply'), { value }, { parent: message.header }));
  }

  #close(how: string): void {
    // What the kernel sent last may still be on its way through the sockets.
    setTimeout(() => {
      for (const pending of [...this.#pending.values()]) pending.fail(new Error(how));
      for (const socket of Object.values(this.#sockets)) socket.close();
    }, 50);
  }
}
