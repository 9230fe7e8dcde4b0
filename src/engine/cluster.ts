/**
 * Several processes that compute together, on one machine or many: TensorFlow's own servers and collectives, nothing in between. A server has no
 * authentication: who reaches its port can run graphs as its user. It is started by `joinCluster` alone, never for one process.
 */

import { connect } from 'node:net';
import { Message } from './protobuf';
import { isTensorFlow } from './tensorflow';

export interface ClusterOptions {
  /** This process's place among them, from 0, the leader. */
  readonly rank: number;
  /** host:port of each process, the same list for all. */
  readonly addresses: readonly string[];
  /** How long the others may take to start. Default 120. */
  readonly joinSeconds?: number;
  /** How long a process may keep the others waiting in a reduction, as where it hangs or a machine is lost without a word. Default 600. */
  readonly timeoutSeconds?: number;
}

/** Its defaults filled in. */
export type Cluster = Required<ClusterOptions>;

const DEFAULTS = { joinSeconds: 120, timeoutSeconds: 600 } as const;
/** Between two tries to reach another process, ms. */
const AGAIN = 200;

let joined: Cluster | undefined;

/** The cluster that this process has joined. */
export const cluster = (): Cluster | undefined => joined;

const JOB = 'worker';
const leader = `/job:${JOB}/replica:0/task:0`;

/** What a session's ConfigProto has beside the rest, in a cluster (tensorflow/core/protobuf/config.proto). */
export function clusterConfig(config: Message, { rank }: Cluster): Message {
  return config
    .bytes(4, `/job:${JOB}/task:${rank}`) // device_filters: the others' devices are none of ours
    .int(15, 1) // isolate_session_state: the variables of two graphs have the same names
    .bytes(16, new Message().bytes(1, leader)); // experimental.collective_group_leader
}

/** The ServerDef of this process (tensorflow/core/protobuf/tensorflow_server.proto). */
export function serverDef(all: Cluster): Message {
  const job = new Message().bytes(1, JOB);
  for (const [task, address] of all.addresses.entries()) job.bytes(2, new Message().int(1, task).bytes(2, address));
  const jobs = new Message().bytes(1, job);
  return new Message().bytes(1, jobs).bytes(2, JOB).int(3, all.rank).bytes(4, clusterConfig(new Message(), all)).bytes(5, 'grpc');
}

/** @throws RangeError naming what of the options can't be worked with */
function checked(options: ClusterOptions): Cluster {
  const all: Cluster = { ...DEFAULTS, ...options };
  const { rank, addresses, joinSeconds, timeoutSeconds } = all;
  if (addresses.length < 2) throw new RangeError(`cluster: expected two processes or more, got ${addresses.length}; one needs no cluster`);
  if (!Number.isInteger(rank) || rank < 0 || rank >= addresses.length)
    throw new RangeError(`cluster: rank: expected 0 to ${addresses.length - 1}, got ${rank}`);
  const wrong = addresses.find((address) => !/^[\w.-]+:\d{1,5}$/.test(address) || Number(address.split(':')[1]) > 65535);
  if (wrong !== undefined) throw new RangeError(`cluster: expected host:port, got ${JSON.stringify(wrong)}`);
  const twice = addresses.find((address, i) => addresses.indexOf(address) < i);
  if (twice !== undefined) throw new RangeError(`cluster: ${twice} is there twice`);
  for (const [name, seconds] of Object.entries({ joinSeconds, timeoutSeconds }))
    if (!(seconds > 0)) throw new RangeError(`cluster: ${name}: expected a number above 0, got ${seconds}`);
  return all;
}

/** What joining does in the engine: the process's server is started, and all meet in a reduction. */
export interface Joining {
  start(all: Cluster): void;
  meet(): void;
}

/**
 * Joins a cluster: starts this process's server and waits until all others have theirs.
 *
 * @throws RangeError where an option can't be worked with; Error where this process is in one already, its port is taken, or another does not come in time
 */
export async function enterCluster(options: ClusterOptions, { start, meet }: Joining): Promise<void> {
  const all = checked(options);
  if (!isTensorFlow()) throw new Error('cluster: TensorFlow alone computes in several processes; start the engine with it');
  if (joined) throw new Error(`cluster: this process is in a cluster already, as ${joined.rank} of ${joined.addresses.length}`);
  joined = all;
  try {
    start(all);
    const deadline = performance.now() + 1000 * all.joinSeconds;
    for (const [rank, address] of all.addresses.entries())
      if (rank !== all.rank && !(await reached(address, deadline)))
        throw new Error(
          `cluster: process ${rank} (${address}) did not come within ${all.joinSeconds} s; start all of them, and let their ports through`,
        );
    meet();
  } catch (error) {
    joined = undefined; // this process computes alone again
    const why = error instanceof Error ? error.message : String(error);
    if (/Could not start gRPC server/i.test(why))
      throw new Error(`cluster: ${all.addresses[all.rank]} can't be listened on: is the port taken, or the host another machine's?`);
    throw error;
  }
}

/** Whether a server listens before a time. */
async function reached(address: string, deadline: number): Promise<boolean> {
  const [host, port] = address.split(':') as [string, string];
  for (;;) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port: Number(port), timeout: 1000 });
      const end = (result: boolean) => () => {
        socket.destroy();
        resolve(result);
      };
      socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
    });
    if (there) return true;
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

/** What a failed reduction means, in words; undefined where the error is of something else. */
export function clusterError(error: unknown): Error | undefined {
  const why = error instanceof Error ? error.message : String(error);
  if (!joined || !/[Cc]ollective|Socket closed|Connection reset|UNAVAILABLE|failed to connect/.test(why)) return undefined;
  if (/[Ss]hape mismatch|different/.test(why))
    return new Error(
      `cluster: the processes do not compute the same: give all the same recipe, data, seed and folder (${why.slice(0, 300)})`,
      {
        cause: error,
      },
    );
  const sentence = /timed out/.test(why)
    ? `another process kept this one waiting for more than ${joined.timeoutSeconds} s: it hangs, or its machine is lost`
    : 'another process has ended';
  return new Error(`cluster: ${sentence}; start all of them again, they go on from the last checkpoint (${why.slice(0, 300)})`, {
    cause: error,
  });
}
