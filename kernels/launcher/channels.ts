/** The kernel's sockets, bound, each with its ordered outbox. */
import { Publisher, Router } from 'zeromq';
import { type Connection, endpoint } from './connection';
import { type Control, startControl } from './control';
import { createOutbox, type Outbox } from './outbox';

/** Takes the frames that arrived on a channel. */
export type Receiver = (channel: 'shell' | 'control' | 'stdin', frames: Buffer[]) => void;

/** The bound sockets. */
export interface Channels {
  readonly iopub: Outbox;
  readonly shell: Outbox;
  readonly stdin: Outbox;
  readonly control: Outbox;
  readonly setSynchronous: Control['setSynchronous'];
  /** Begins to read the shell and stdin channels (control is read from the start). */
  listen(): void;
  /** Sends what is left and closes the sockets. */
  close(): Promise<void>;
}

/**
 * Binds the five sockets of a connection.
 *
 * @throws Error where an address is in use
 */
export async function openChannels(connection: Connection, parentPid: number | undefined, receiver: Receiver): Promise<Channels> {
  // No high-water mark: an output must wait for a slow reader, not vanish.
  const options = { sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 2000 };
  const iopub = new Publisher({ sendHighWaterMark: 0, linger: 2000 });
  const shell = new Router(options);
  const stdin = new Router(options);
  const [control] = await Promise.all([
    startControl(connection, parentPid, (frames) => receiver('control', frames)),
    iopub.bind(endpoint(connection, 'iopub')),
    shell.bind(endpoint(connection, 'shell')),
    stdin.bind(endpoint(connection, 'stdin')),
  ]);
  const outboxes = { iopub: createOutbox(iopub), shell: createOutbox(shell), stdin: createOutbox(stdin), control: createOutbox(control) };

  async function read(channel: 'shell' | 'stdin', socket: Router): Promise<void> {
    for await (const frames of socket) receiver(channel, frames);
  }

  return {
    ...outboxes,
    setSynchronous: control.setSynchronous,
    listen() {
      void read('shell', shell);
      void read('stdin', stdin);
    },
    async close() {
      await Promise.all(Object.values(outboxes).map((outbox) => outbox.drained()));
      for (const socket of [iopub, shell, stdin]) socket.close();
      await control.close();
    },
  };
}
