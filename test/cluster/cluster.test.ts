/** Several processes of one machine in place of machines: that they agree, and that each way to fail ends them all in time. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { joinCluster } from 'roentgen-lab/engine';
import { near, ports, type Running, start as startOf } from './processes';

const start = (t: TestContext, options: Readonly<Record<string, unknown>>): Running => startOf(t, 'worker', options);

test('two, three and four processes end with the same bytes among themselves, and with the numbers of one', {
  timeout: 180_000,
}, async (t) => {
  const options = { steps: 6, more: 1_300_000 }; // small tensors, large ones, and several reductions
  const alone = await start(t, { ...options, rank: 0, addresses: [] }).ended;
  assert.equal(alone.code, 0, alone.error);
  for (const workers of [2, 3, 4]) {
    const addresses = await ports(workers);
    const all = await Promise.all(addresses.map((_, rank) => start(t, { ...options, rank, addresses }).ended));
    for (const { code, error } of all) assert.equal(code, 0, error);
    assert.equal(new Set(all.map(({ hash }) => hash)).size, 1, `${workers} processes`);
    near(all[0]!.losses!, alone.losses!, 1e-5);
    near(all[0]!.w1!, alone.w1!, 1e-5);
  }
});

test('a process that is killed, the leader or another, ends the others in words within seconds', { timeout: 120_000 }, async (t) => {
  for (const victim of [0, 1]) {
    const addresses = await ports(2);
    const running = addresses.map((_, rank) => start(t, { steps: 2000, rank, addresses, ...(rank === victim && { pauseAt: 3 }) }));
    await running[victim]!.told('paused');
    const killed = performance.now();
    running[victim]!.child.kill('SIGKILL');
    const other = await running[1 - victim]!.ended;
    assert.equal(other.code, 1);
    assert.match(other.error!, /cluster: another process has ended; start all of them again, they go on from the last checkpoint/);
    assert.ok(performance.now() - killed < 10_000);
  }
});

test('a process that hangs is waited for as long as was said, and no longer', { timeout: 120_000 }, async (t) => {
  const addresses = await ports(2);
  const running = addresses.map((_, rank) =>
    start(t, { steps: 2000, timeoutSeconds: 3, rank, addresses, ...(rank === 1 && { pauseAt: 3 }) }),
  );
  await running[1]!.told('paused');
  const stopped = performance.now();
  running[1]!.child.kill('SIGSTOP');
  const other = await running[0]!.ended;
  const seconds = (performance.now() - stopped) / 1000;
  assert.match(other.error!, /cluster: another process kept this one waiting for more than 3 s: it hangs, or its machine is lost/);
  assert.ok(seconds < 13, `${seconds.toFixed(1)} s`);
});

test('one that never starts, the leader too, ends the wait for it in time; a late one is waited for', { timeout: 120_000 }, async (t) => {
  for (const absent of [0, 1]) {
    const addresses = await ports(2);
    const { error, code } = await start(t, { steps: 1, joinSeconds: 2, rank: 1 - absent, addresses }).ended;
    assert.equal(code, 1);
    assert.match(error!, new RegExp(`process ${absent} \\(${addresses[absent]}\\) did not come within 2 s; start all of them`));
  }
  const addresses = await ports(2);
  const early = start(t, { steps: 2, rank: 1, addresses });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const late = start(t, { steps: 2, rank: 0, addresses });
  assert.deepEqual([(await early.ended).code, (await late.ended).code], [0, 0]);
});

test('a port that is taken and options that cannot be are told', { timeout: 60_000 }, async (t) => {
  const [taken, free] = await ports(2);
  const server = createServer().listen(Number(taken!.split(':')[1]), '0.0.0.0');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { error } = await start(t, { steps: 1, rank: 0, addresses: [taken, free], joinSeconds: 2 }).ended;
  assert.match(error!, /cluster: 127\.0\.0\.1:\d+ can't be listened on: is the port taken/);
  for (const [options, message] of [
    [{ rank: 0, addresses: ['a:1'] }, /expected two processes or more, got 1; one needs no cluster/],
    [{ rank: 2, addresses: ['a:1', 'b:1'] }, /rank: expected 0 to 1, got 2/],
    [{ rank: 0, addresses: ['a', 'b:1'] }, /expected host:port, got "a"/],
    [{ rank: 0, addresses: ['a:1', 'a:1'] }, /a:1 is there twice/],
    [{ rank: 0, addresses: ['a:1', 'b:99999'] }, /expected host:port, got "b:99999"/],
    [{ rank: 0, addresses: ['a:1', 'b:1'], timeoutSeconds: 0 }, /timeoutSeconds: expected a number above 0, got 0/],
  ] as const)
    await assert.rejects(joinCluster(options), message);
});
