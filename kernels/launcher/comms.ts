/**
 * Comms: lasting two-way connections between objects in the kernel and in the front end (widgets use them).
 *
 * Code opens a comm to a target that the front end knows, or registers a target of its own that the front end opens.
 * Cells and libraries reach the registry as `globalThis[Symbol.for('roentgen.comms')]`.
 */
import { randomUUID } from 'node:crypto';
import { type Context, currentContext } from './contexts';
import type { Handlers } from './handlers';
import type { Iopub } from './iopub';
import type { Content, Message } from './wire';

/** Raw bytes beside a comm message's JSON. */
export type Buffers = readonly (ArrayBufferView | ArrayBuffer)[];

/** What arrives through a comm. */
export interface CommMessage {
  readonly data: Content;
  readonly metadata: Content;
  readonly buffers: readonly Buffer[];
}

/** One end of a connection. */
export interface Comm {
  readonly id: string;
  readonly target: string;
  send(data: Content, metadata?: Content, buffers?: Buffers): void;
  close(data?: Content): void;
  /**
   * Takes messages of the other end; may be async (it is not waited for). It runs on behalf of the cell that opened the comm: there
   * its outputs and errors are shown.
   */
  onMessage: ((message: CommMessage) => unknown) | undefined;
  /** Is told that the other end closed the connection. */
  onClose: ((message: CommMessage) => unknown) | undefined;
}

/** What the launcher offers as `globalThis[Symbol.for('roentgen.comms')]`. */
export interface CommRegistry {
  /** Opens a comm to a target of the front end. */
  open(target: string, data?: Content, metadata?: Content, buffers?: Buffers): Comm;
  /** Lets the front end open comms to this target. */
  register(target: string, onOpen: (comm: Comm, message: CommMessage) => unknown): void;
  /** Calls back before a cell is reported idle: the last moment at which a front end that saves widget state listens. */
  beforeIdle(flush: () => void): void;
}

/** The kernel's side of the registry. */
export interface Comms extends CommRegistry {
  /** Takes a comm message of the front end. */
  handle(message: Message): void;
  /** The open comms, by id, optionally of one target. */
  list(target?: string): Record<string, { readonly target_name: string }>;
  flush(): void;
}

/** @param runningCell  the context of the cell that runs, if any: clients store comm messages of a cell only under its name */
export function createComms(iopub: Iopub, handlers: Handlers, runningCell: () => Context | undefined): Comms {
  const targets = new Map<string, Parameters<CommRegistry['register']>[1]>();
  const comms = new Map<string, { readonly comm: Comm; readonly origin: Context }>();
  const flushes = new Set<() => void>();
  const context = (): Context => runningCell() ?? currentContext();

  function create(id: string, target: string): Comm {
    const comm: Comm = {
      id,
      target,
      onMessage: undefined,
      onClose: undefined,
      send(data, metadata = {}, buffers = []) {
        if (!currentContext().muted) iopub.publish('comm_msg', { comm_id: id, data }, context(), { metadata, buffers });
      },
      close(data = {}) {
        if (comms.delete(id)) iopub.publish('comm_close', { comm_id: id, data }, context());
      },
    };
    comms.set(id, { comm, origin: currentContext() });
    return comm;
  }

  return {
    open(target, data = {}, metadata = {}, buffers = []) {
      const comm = create(randomUUID().replaceAll('-', ''), target);
      iopub.publish('comm_open', { comm_id: comm.id, target_name: target, data }, context(), { metadata, buffers });
      return comm;
    },
    register: (target, onOpen) => targets.set(target, onOpen),
    beforeIdle: (flush) => flushes.add(flush),
    flush() {
      for (const flush of flushes) flush();
    },
    handle({ header, content, metadata, buffers }) {
      const id: string = content.comm_id;
      const message: CommMessage = { data: content.data ?? {}, metadata, buffers };
      if (header.msg_type === 'comm_open') {
        const onOpen = targets.get(content.target_name);
        if (onOpen) {
          const comm = create(id, content.target_name);
          handlers.run(currentContext(), () => onOpen(comm, message));
          return;
        }
        // Nobody waits for it here: the protocol asks to close it at once.
        iopub.publish('comm_close', { comm_id: id, data: {} }, context());
        return;
      }
      const found = comms.get(id);
      if (!found) return;
      const { comm, origin } = found;
      if (header.msg_type === 'comm_close') {
        comms.delete(id);
        handlers.run(origin, () => comm.onClose?.(message));
      } else {
        handlers.run(origin, () => comm.onMessage?.(message));
      }
    },
    list: (target) =>
      Object.fromEntries(
        [...comms.values()].flatMap(({ comm }) => (!target || comm.target === target ? [[comm.id, { target_name: comm.target }]] : [])),
      ),
  };
}

/** Makes the registry reachable from cells and the library. */
export function installComms(comms: Comms): void {
  const registry: CommRegistry = { open: comms.open, register: comms.register, beforeIdle: comms.beforeIdle };
  (globalThis as Record<symbol, unknown>)[Symbol.for('roentgen.comms')] = registry;
}
