/** Processes that know each other by a secret: the same training, through a tunnel, and no way in for anybody else. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { connecting, readSecret } from '#cli/tunnel/secret';
import { ports } from '../cluster/processes';
import { recipeFile } from '../cluster/shared-recipe';
import { endsWith, root, tempDir } from '../support';
import { roentgen } from './run';

const { status: none } = spawnSync('unshare', ['--map-root-user', '--net', 'sh', '-c', 'ip link set lo up || ifconfig lo up']);
const skip = none === 0 ? false : 'this system gives no network namespaces (unshare, ip)';

function secretFile(folder: string, name: string): string {
  const file = join(folder, name);
  writeFileSync(file, randomBytes(32), { mode: 0o600 });
  return file;
}

/** A process that goes on in the background, and what it has said so far. */
function running(
  t: TestContext,
  args: readonly string[],
): { pid: number; said: () => string; until: (words: RegExp) => Promise<void>; ended: Promise<number | null> } {
  const child = endsWith(
    t,
    spawn(process.execPath, [join(root, 'bin', 'roentgen.mjs'), 'train', ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (more) => (text += more));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    pid: child.pid!,
    said: () => text,
    async until(words) {
      while (!words.test(text)) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    ended,
  };
}

/** What becomes of a connection with this key. */
function tried(address: string, key: Buffer): Promise<string> {
  const [host, port] = address.split(':') as [string, string];
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), ...connecting(key) });
    socket
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .once('secureConnect', () => {
        socket.destroy();
        resolve('connected');
      });
  });
}

/** Descendants of a process, by their parents' numbers. */
function descendants(pid: number): number[] {
  const all = spawnSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (of: number): number[] => all.flatMap(([child, parent]) => (parent === of ? [child!, ...below(child!)] : []));
  return below(pid);
}
const isAlive = (pid: number): boolean =>
  !/^$|^Z/.test(spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim());

test('two processes with a secret train to the bytes of two without, and who has no secret, or another, is turned away', {
  timeout: 300_000,
  skip,
}, async (t) => {
  const folder = tempDir(t);
  const recipe = recipeFile(folder);
  const secret = secretFile(folder, 'secret');
  const run = async (out: string, ...more: string[]) => {
    const addresses = await ports(2);
    const all = [0, 1].map((rank) =>
      running(t, [recipe, '--out', join(folder, out), '--workers', addresses.join(), '--rank', String(rank), ...more]),
    );
    return { addresses, all };
  };
  const open = await run('open');
  assert.deepEqual(await Promise.all(open.all.map(({ ended }) => ended)), [0, 0], open.all.map(({ said }) => said()).join('\n'));
  const shut = await run('shut', '--secret', secret);
  await shut.all[0]!.until(/autoencoder|Autoencoder/);
  assert.equal(await tried(shut.addresses[0]!, await readSecret(secret)), 'connected');
  assert.match(await tried(shut.addresses[0]!, randomBytes(32)), /^ERR_SSL/);
  const [, port] = shut.addresses[1]!.split(':');
  const plain = await new Promise<string>((resolve) => {
    const socket = connectPlain({ host: '127.0.0.1', port: Number(port) }, () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')); // what a gRPC client begins with
    let answer = '';
    socket
      .on('data', (more) => (answer += more.toString('latin1')))
      .on('close', () => resolve(answer))
      .on('error', () => {});
  });
  assert.ok(plain.length <= 7 && !plain.includes('\0\0\0\x04'), `no settings of HTTP/2: ${JSON.stringify(plain)}`); // an alert of TLS at most
  assert.deepEqual(await Promise.all(shut.all.map(({ ended }) => ended)), [0, 0], shut.all.map(({ said }) => said()).join('\n'));
  assert.equal(shut.all[1]!.said().trim(), '', 'who follows says nothing');
  const [a, b] = ['open', 'shut'].map((out) => readFileSync(join(folder, out, 'model', 'unet', 'diffusion_pytorch_model.safetensors')));
  assert.ok(a!.equals(b!), 'the same weights');
});

test('another secret is told, and a process that is killed takes what runs inside with it', { timeout: 120_000, skip }, async (t) => {
  const folder = tempDir(t);
  const recipe = recipeFile(folder);
  const workers = (await ports(2)).join();
  const all = [0, 1].map((rank) =>
    running(t, [
      recipe,
      '--out',
      join(folder, 'run'),
      '--workers',
      workers,
      '--rank',
      String(rank),
      '--secret',
      secretFile(folder, `secret-${rank}`),
    ]),
  );
  await Promise.all([all[0]!.until(/process 1 \(127\.0\.0\.1:\d+\) has another secret/), all[1]!.until(/process 0 .* has another secret/)]);
  const inside = descendants(all[0]!.pid);
  assert.ok(inside.length >= 2, inside.join());
  process.kill(all[0]!.pid, 'SIGKILL');
  for (let i = 0; i < 100 && inside.some(isAlive); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(inside.filter(isAlive), []);
});

test('an interrupt of one is heard inside, and stops both after the same step', { timeout: 120_000, skip }, async (t) => {
  const folder = tempDir(t);
  const [recipe, secret, workers] = [recipeFile(folder), secretFile(folder, 'secret'), (await ports(2)).join()];
  const out = join(folder, 'run');
  const long = ['--set', 'vae.optimisation.steps=4000'];
  const all = [0, 1].map((rank) =>
    running(t, [recipe, '--out', out, '--workers', workers, '--rank', String(rank), '--secret', secret, ...long]),
  );
  await all[0]!.until(/utoencoder.* [1-9]\d*\/4000/);
  process.kill(all[1]!.pid, 'SIGINT');
  assert.deepEqual(await Promise.all(all.map(({ ended }) => ended)), [130, 130]);
  assert.match(all[0]!.said(), /interrupted after step \d+ of the autoencoder; the checkpoint is in /);
});

test('a secret that is missing, short or open to others is refused with what to do', async (t) => {
  const folder = tempDir(t);
  const recipe = recipeFile(folder);
  const args = ['train', recipe, '--out', join(folder, 'run'), '--workers', (await ports(2)).join(), '--rank', '0', '--secret'];
  const short = join(folder, 'short');
  writeFileSync(short, 'secret', { mode: 0o600 });
  const shown = secretFile(folder, 'shown');
  chmodSync(shown, 0o644);
  for (const [file, words] of [
    [join(folder, 'none'), /none: cannot be read: .*; make one: \(umask 077; head -c 32 \/dev\/urandom > /],
    [short, /short: has 6 bytes, a secret at least 32/],
    [shown, /shown: can be read by others than its owner/],
  ] as const) {
    const { status, stderr } = await roentgen([...args, file]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, words);
  }
});
