/**
 * A process of a cluster whose server nobody else can reach. TensorFlow's server listens on all interfaces and asks nobody who they are; here it runs in a network
 * namespace of its own, that has no way out but this one: TLS between processes that share a secret.
 */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectPlain, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { connect, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { comingIn, goingOut, type Inside, READY, type ToInside } from './places';
import { connecting, listening } from './secret';
import { drained, join } from './streams';

export interface TunnelOptions {
  readonly rank: number;
  /** host:port of each process. */
  readonly addresses: readonly string[];
  readonly key: Buffer;
  /** What Node runs inside, with addresses as they are there (`insideAddress`): a file, and its arguments. */
  readonly program: readonly [file: string, ...args: string[]];
  /** Stops it after its step. */
  readonly signal: AbortSignal;
  /** Told in words what went wrong outside. */
  readonly say: (sentence: string) => void;
}

/** Between two tries to reach another process, ms. */
const AGAIN = 200;

/**
 * Runs a program inside.
 *
 * @returns what it ended with
 * @throws Error where the port is taken, or the system gives no network namespace
 */
export async function runInTunnel(options: TunnelOptions): Promise<number> {
  const { rank, addresses, program, signal, say } = options;
  const folder = await mkdtemp(path(tmpdir(), 'roentgen-tunnel-'));
  const servers: Server[] = [];
  const ended = new AbortController();
  try {
    servers.push(await wayIn(options, folder));
    for (const other of addresses.keys()) if (other !== rank) servers.push(await wayOut(options, folder, other));
    const inside: Inside = { folder, rank, program };
    // A network of its own has a loopback that is down.
    const commands = '(ip link set lo up || ifconfig lo up) 2>/dev/null && exec "$0" "$@"';
    const shell = ['sh', '-c', commands, process.execPath, path(__dirname, 'inside.js'), JSON.stringify(inside)];
    // A group of its own, so that a terminal's Ctrl-C comes once, through here.
    const child = spawn('unshare', ['--map-root-user', '--net', ...shell], {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const tell = (message: ToInside): void => void (child.connected && child.send(message));
    signal.addEventListener('abort', () => tell('stop'), { once: true });
    let started = false;
    const absent = new Set(Array.from(addresses.keys()).filter((other) => other !== rank));
    child.once('message', () => {
      started = true;
      for (const other of absent)
        void reach(options, other, ended.signal).then((there) => {
          if (!there) return;
          absent.delete(other);
          tell({ reached: other });
        });
    });
    const code = await new Promise<number>((resolve, reject) => child.once('error', reject).once('exit', (status) => resolve(status ?? 1)));
    if (!started) throw new Error('unshare ended before it had begun');
    await drained();
    if (code !== 0 && absent.size > 0)
      say(`never reached: ${[...absent].map((other) => `process ${other} (${addresses[other]})`).join(', ')}`);
    return code;
  } catch (error) {
    if (error instanceof Error && /unshare/.test(error.message))
      throw new Error(
        `train: --secret needs a network namespace of one's own, which this system does not give (${error.message}): it needs util-linux and iproute2, ` +
          'and user namespaces that are allowed (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)',
      );
    throw error;
  } finally {
    ended.abort();
    for (const server of servers) server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const placeOf = (address: string): { host: string; port: number } => {
  const [host, port] = address.split(':') as [string, string];
  return { host, port: Number(port) };
};

const open = (server: Server, where: { host: string; port: number } | string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      reject(
        typeof where === 'string'
          ? error
          : new Error(
              `cluster: ${where.host}:${where.port} can't be listened on: is the port taken, or the host another machine's? (${error.code})`,
            ),
      );
    server.once('error', failed).listen(where, () => resolve(server.off('error', failed)));
  });

/** On this process's address alone: who has the secret is joined to what is inside. */
function wayIn({ rank, addresses, key }: TunnelOptions, folder: string): Promise<Server> {
  const server = createTlsServer(listening(key), (socket) => join(socket, connectPlain(comingIn(folder))));
  return open(server, placeOf(addresses[rank]!));
}

/** What inside connects to another process goes to that one's address. */
function wayOut({ addresses, key }: TunnelOptions, folder: string, other: number): Promise<Server> {
  const server = createServer((socket) => {
    const remote = connect({ ...placeOf(addresses[other]!), ...connecting(key) });
    const both = [socket, remote];
    const breakOff = (): void => both.forEach((one) => void one.destroy());
    for (const one of both) one.on('error', breakOff).on('close', breakOff);
    afterReady(remote, () => {
      for (const one of both) one.off('error', breakOff).off('close', breakOff);
      join(socket, remote);
    });
  });
  return open(server, goingOut(folder, other));
}

/** Calls when the other side has said that its process listens; what follows of the stream is that process's. */
function afterReady(remote: TLSSocket, then: () => void): void {
  remote.once('readable', () => {
    if (remote.read(READY.length) === null) return;
    then();
  });
}

/** Waits until another process listens. @returns whether it did before the end */
async function reach({ addresses, key, say }: TunnelOptions, other: number, ended: AbortSignal): Promise<boolean> {
  let told = false;
  while (!ended.aborted) {
    const seen = await new Promise<'ready' | 'refused' | 'absent'>((resolve) => {
      const remote = connect({ ...placeOf(addresses[other]!), ...connecting(key), timeout: 5000 });
      const end = (what: 'ready' | 'refused' | 'absent') => (): void => {
        remote.destroy();
        resolve(what);
      };
      remote.once('error', (error: NodeJS.ErrnoException) => end(error.code?.startsWith('ERR_SSL') ? 'refused' : 'absent')());
      remote.once('timeout', end('absent')).once('close', end('absent'));
      afterReady(remote, end('ready'));
    });
    if (seen === 'ready') return true;
    if (seen === 'refused' && !told) {
      say(`process ${other} (${addresses[other]}) has another secret, or is no process of this training`);
      told = true;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
  return false;
}
