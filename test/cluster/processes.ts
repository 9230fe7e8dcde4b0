/** Processes of a cluster, and what they tell. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { endsWith } from '../support';

export interface Told {
  readonly joined?: boolean;
  readonly paused?: number;
  readonly error?: string;
  readonly hash?: string;
  readonly losses?: readonly number[];
  readonly w1?: readonly number[];
  readonly logged?: number;
  readonly steps?: number;
  readonly interrupted?: boolean;
}

export interface Running {
  readonly child: ChildProcess;
  /** All that it has told, when it has ended. */
  readonly ended: Promise<Told & { readonly code: number | null; readonly seconds: number }>;
  /** Settles when it tells this. */
  told(what: keyof Told): Promise<void>;
}

/** Ports that are free now. */
export async function ports(count: number): Promise<string[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const addresses = servers.map((server) => `127.0.0.1:${(server.address() as { port: number }).port}`);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return addresses;
}

export function start(t: TestContext, program: 'worker' | 'trainer' | 'trainings', options: Readonly<Record<string, unknown>>): Running {
  const child = endsWith(
    t,
    fork(join(__dirname, `${program}.js`), [JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }),
  );
  const begun = performance.now();
  let all: Told = {};
  const waiting: { readonly what: keyof Told; readonly resolve: () => void }[] = [];
  child.on('message', (message: Told) => {
    all = { ...all, ...message };
    for (const { what, resolve } of waiting) if (all[what] !== undefined) resolve();
  });
  let errors = '';
  child.stderr!.on('data', (text) => {
    errors += text;
  });
  const ended = new Promise<Awaited<Running['ended']>>((resolve) => {
    child.on('exit', (code) =>
      resolve({
        ...all,
        ...(all.error === undefined && code !== 0 ? { error: errors.slice(-500) } : {}),
        code,
        seconds: (performance.now() - begun) / 1000,
      }),
    );
  });
  return {
    child,
    ended,
    told: (what) => new Promise((resolve) => (all[what] === undefined ? waiting.push({ what, resolve }) : resolve())),
  };
}

export const near = (a: readonly number[], b: readonly number[], most: number): void =>
  a.forEach((value, i) => void assert.ok(Math.abs(value - b[i]!) <= most, `${i}: ${value}, ${b[i]}`));
