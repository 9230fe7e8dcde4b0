/** What a notebook kernel offers for lasting connections to its front end; the launcher's counterpart is kernels/launcher/comms.ts. */

/** Raw bytes and JSON that came through a connection. */
export interface CommMessage {
  readonly data: Readonly<Record<string, unknown>>;
  readonly buffers: readonly Uint8Array[];
}

/** The kernel's end of a connection. */
export interface Comm {
  readonly id: string;
  send(data: object, metadata?: object, buffers?: readonly Uint8Array[]): void;
  onMessage: ((message: CommMessage) => unknown) | undefined;
  onClose: ((message: CommMessage) => unknown) | undefined;
}

/** What a kernel with comms offers. */
export interface CommHost {
  open(target: string, data: object, metadata: object, buffers: readonly Uint8Array[]): Comm;
  register(target: string, onOpen: (comm: Comm, message: CommMessage) => unknown): void;
  /** Calls back before a cell is reported as done. */
  beforeIdle(flush: () => void): void;
}

/** Under this symbol of the global object a kernel offers its CommHost. */
export const commsSymbol: unique symbol = Symbol.for('roentgen.comms');

/** The kernel's comms; undefined in stock tslab and outside of notebooks. */
export function commHost(): CommHost | undefined {
  return (globalThis as { [commsSymbol]?: CommHost })[commsSymbol];
}
