/** The connection file: where a kernel's five sockets are, and the key that signs messages. */
import { readFileSync } from 'node:fs';

/** The content of a connection file. */
export interface Connection {
  readonly transport: 'tcp' | 'ipc';
  /** Host for tcp, path prefix for ipc. */
  readonly ip: string;
  readonly key: string;
  readonly signature_scheme: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
}

/** A kernel's five sockets. */
export type Channel = 'shell' | 'iopub' | 'stdin' | 'control' | 'hb';

const channels: readonly Channel[] = ['shell', 'iopub', 'stdin', 'control', 'hb'];

/**
 * Reads a connection file.
 *
 * @throws Error naming the file where it is missing, no JSON, lacks a port, or asks for a signature other than HMAC-SHA256
 */
export function readConnection(path: string): Connection {
  let value: Partial<Connection>;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: expected a Jupyter connection file (JSON): ${(error as Error).message}`);
  }
  const missing = channels.map((name) => `${name}_port` as const).filter((name) => typeof value[name] !== 'number');
  if (typeof value.ip !== 'string') missing.push('ip' as never);
  if (missing.length > 0) throw new Error(`${path}: the connection file lacks ${missing.join(', ')}`);
  if (value.key && value.signature_scheme && value.signature_scheme !== 'hmac-sha256') {
    throw new Error(`${path}: expected signature_scheme "hmac-sha256", got "${value.signature_scheme}"`);
  }
  return { transport: 'tcp', key: '', signature_scheme: 'hmac-sha256', ...value } as Connection;
}

/** The ZeroMQ address of one socket. */
export function endpoint(connection: Connection, channel: Channel): string {
  const port = connection[`${channel}_port`];
  return connection.transport === 'ipc' ? `ipc://${connection.ip}-${port}` : `${connection.transport}://${connection.ip}:${port}`;
}
