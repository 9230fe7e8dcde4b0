/** A kernel's process: its connection file, its start and its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../launcher/connection';
import type { KernelSpec } from './spec';

/** A started kernel process. */
export interface KernelProcess {
  readonly connection: Connection;
  readonly pid: number;
  /** Settles with a sentence when the process has ended. */
  readonly ended: Promise<string>;
  readonly hasEnded: () => boolean;
  signal(name: NodeJS.Signals): void;
}

/** Where and with what a kernel runs. */
export interface KernelPlace {
  /** Working directory: imports resolve from here. */
  readonly cwd?: string;
  /** Added to this process's environment and the kernelspec's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const keptStderr = 4000;

/** Starts a kernel's process. The kernel may not be ready yet. */
export async function spawnKernel(spec: KernelSpec, { cwd = process.cwd(), env = {} }: KernelPlace): Promise<KernelProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-kernel-'));
  const connection = await newConnection(folder);
  const file = join(folder, 'connection.json');
  writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
  const [command, ...parameters] = spec.argv.map((part) => part.replaceAll('{connection_file}', file));
  const child = spawn(command!, parameters, {
    cwd,
    env: { ...process.env, ...spec.env, ...env, JPY_PARENT_PID: String(process.pid) },
    // A session of its own: the terminal's Ctrl-C reaches this process, which decides what the kernel hears of it.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-keptStderr);
  });
  const ended = endOf(child, () => complaint).finally(() => rmSync(folder, { recursive: true, force: true }));
  let over = false;
  void ended.then(() => {
    over = true;
  });
  return {
    connection,
    pid: child.pid ?? 0,
    ended,
    hasEnded: () => over,
    signal: (name) => {
      child.kill(name);
    },
  };
}

function endOf(child: ChildProcess, complaint: () => string): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(`the kernel could not be started: ${error.message}`));
    child.on('close', (status, signal) => {
      const how = signal ? `was ended by ${signal}` : `ended with status ${status}`;
      const said = complaint().trim();
      resolve(`the kernel ${how}${said ? `; it said: ${said}` : ''}`);
    });
  });
}

async function newConnection(folder: string): Promise<Connection> {
  const key = randomUUID();
  // Sockets in a private folder need no free ports and are closed to other people of the machine.
  if (process.platform !== 'win32') {
    const ip = join(folder, randomBytes(2).toString('hex'));
    return { transport: 'ipc', ip, key, ...common, shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 };
  }
  const [shell, iopub, stdin, control, hb] = await freePorts(5);
  return {
    transport: 'tcp',
    ip: '127.0.0.1',
    key,
    ...common,
    shell_port: shell!,
    iopub_port: iopub!,
    stdin_port: stdin!,
    control_port: control!,
    hb_port: hb!,
  };
}

const common = { signature_scheme: 'hmac-sha256' } as const;

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
