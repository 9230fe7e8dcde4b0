/** The page's server: who may ask, what is told, and what is kept when the process is killed. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openRatings, readRatings } from '#evaluation/reader-study/ratings';
import { readPngText } from '#files/internal';
import { atEnd, tempDir } from '../../support';
import { hostile, servePage } from './study-for-tests';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** With headers that a browser would not let a page set. */
function ask(address: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options;
    const asked = httpRequest(address, { method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response
        .on('data', (piece) => pieces.push(piece))
        .on('end', () => {
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) });
        });
    });
    asked.on('error', reject).end(body);
  });
}

const rate = (address: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(`${address}ratings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function open(
  t: TestContext,
  reader = 'Anna',
  folder: string = tempDir(t),
): Promise<Awaited<ReturnType<typeof servePage>> & { folder: string }> {
  const page = await servePage(folder, reader);
  atEnd(t, () => page.close());
  return { ...page, folder };
}

test('only the printed address answers, only on loopback, and only to its own page', async (t) => {
  const { address, ids } = await open(t);
  const { origin, port } = new URL(address);
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
  assert.equal((await ask(address)).status, 200);
  for (const path of ['/', '/study', '/ratings', `/${'A'.repeat(32)}/`, `/${'A'.repeat(32)}/study`, '/favicon.ico'])
    assert.equal((await ask(origin + path)).status, 403, path);
  const study = `${address}study`;
  const forged: Record<string, string>[] = [
    { host: `evil.example:${port}` },
    { host: 'evil.example' },
    { host: '127.0.0.1' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: `https://127.0.0.1:${port}` },
    { origin: 'http://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
  ];
  for (const headers of forged) {
    assert.equal((await ask(study, { headers })).status, 403, JSON.stringify(headers));
    assert.equal((await rate(address, { item: ids[0], choice: 1, seconds: 1 }, headers)).status, 403, JSON.stringify(headers));
  }
  assert.equal(JSON.parse((await ask(study)).body.toString()).items.filter(({ choice }: { choice: unknown }) => choice !== null).length, 0);
  const own = { origin, 'sec-fetch-site': 'same-origin' };
  assert.equal((await rate(address, { item: ids[0], choice: 1, seconds: 1 }, own)).status, 200);
  const byName = { host: `localhost:${port}`, origin: `http://localhost:${port}` };
  assert.equal((await rate(address, { item: ids[0], choice: 1, seconds: 1 }, byName)).status, 200);
});

test('methods, types, sizes and values are bounded, and no refused rating is kept', async (t) => {
  const { address, ids, folder } = await open(t);
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'POST']) assert.equal((await ask(address, { method })).status, 405, method);
  assert.equal((await ask(`${address}ratings`)).status, 405);
  const good = { item: ids[0], choice: 1, seconds: 1 };
  assert.equal((await rate(address, good, { 'content-type': 'text/plain' })).status, 415, 'a form of another site could send it');
  assert.equal((await rate(address, { ...good, more: 'x'.repeat(2000) })).status, 413);
  assert.equal((await rate(address, '{')).status, 400);
  assert.equal((await rate(address, 'null')).status, 404);
  for (const choice of [0, 6, 2.5, '3', undefined, [1]])
    assert.equal((await rate(address, { ...good, choice })).status, 400, String(choice));
  for (const seconds of [-1, 1e9, 'x', null]) assert.equal((await rate(address, { ...good, seconds })).status, 400, String(seconds));
  for (const item of ['x', 0, '../../etc/passwd', '__proto__']) assert.equal((await rate(address, { ...good, item })).status, 404);
  assert.equal((await ask(`${address}images/../study.png`)).status, 404);
  assert.equal((await ask(`${address}images/${'0'.repeat(24)}.png`)).status, 404);
  assert.equal((await readRatings(folder, 'Anna')).size, 0);
  assert.equal((await ask(address, { method: 'HEAD' })).body.length, 0);
});

test('nothing that is sent tells real from synthetic, and a text is data, never markup', async (t) => {
  const { address, images } = await servePage(tempDir(t), 'Anna', { pairs: 20, texts: 20 }).then((page) => {
    atEnd(t, () => page.close());
    return page;
  });
  const html = await ask(address);
  assert.match(String(html.headers['content-security-policy']), /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/);
  assert.doesNotMatch(String(html.headers['content-security-policy']), /unsafe/);
  assert.equal(html.headers['x-content-type-options'], 'nosniff');
  assert.equal(html.headers['referrer-policy'], 'no-referrer');
  assert.equal(html.headers['cache-control'], 'no-store');
  assert.match(html.body.toString(), /synthetic.*None of them is for diagnosis/s);
  const script = (await ask(`${address}page.js`)).body.toString();
  assert.doesNotMatch(script, /innerHTML|outerHTML|insertAdjacent|document\.write|eval\(/);
  const study = await ask(`${address}study`);
  assert.match(String(study.headers['content-type']), /^application\/json/);
  const text = study.body.toString();
  assert.ok(text.includes(JSON.stringify(hostile)), 'the text is there as it is, in JSON');
  for (const page of [html.body.toString(), script]) assert.ok(!page.includes('onerror'));
  assert.doesNotMatch(text, /secret|"real"|synthetic|edema|fracture|"item"/);
  assert.deepEqual(Object.keys(JSON.parse(text).items[0]).sort(), ['choice', 'id', 'images', 'scale']);
  const headers = new Set<string>();
  for (const name of images.slice(0, 8)) {
    const png = await ask(`${address}images/${name}.png`);
    const { date: _, 'content-length': __, ...rest } = png.headers;
    headers.add(JSON.stringify(rest));
    const path = join(tempDir(t), 'image.png');
    writeFileSync(path, png.body);
    assert.deepEqual(await readPngText(path), {});
  }
  assert.equal(headers.size, 1, 'all images come alike');
});

test('two readers rate at the same time, each in a folder of their own; one reader in two processes is refused', async (t) => {
  const folder = tempDir(t);
  const [anna, ben] = [await open(t, 'Anna', folder), await open(t, 'Ben', folder)];
  await Promise.all([
    ...anna.ids.map((item) => rate(anna.address, { item, choice: 2, seconds: 1 })),
    ...ben.ids.map((item) => rate(ben.address, { item, choice: 5, seconds: 1 })),
  ]);
  const { size } = await readRatings(folder, 'Anna');
  assert.equal(size, anna.ids.length);
  assert.deepEqual(new Set([...(await readRatings(folder, 'Ben')).values()].map(({ choice }) => choice)), new Set([5]));
  assert.equal((await rate(anna.address, { item: ben.ids[0], choice: 1, seconds: 1 })).status, 404, "another reader's item");
  await assert.rejects(openRatings(folder, 'Anna'), /is writing here/);
});

test('a rating can be changed and taken back, and the end is told', async (t) => {
  const { address, ids, folder, ended } = await open(t);
  await rate(address, { item: ids[0], choice: 2, seconds: 1 });
  await rate(address, { item: ids[1], choice: 3, seconds: 1 });
  await rate(address, { item: ids[0], choice: 5, seconds: 2 });
  await rate(address, { item: ids[1], choice: null, seconds: 0 });
  assert.deepEqual([...(await readRatings(folder, 'Anna'))], [[ids[0], { choice: 5, seconds: 2 }]]);
  const study = JSON.parse((await ask(`${address}study`)).body.toString());
  assert.deepEqual(study.order, [ids[0]]);
  assert.equal((await ask(`${address}end`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status, 200);
  await ended;
});

test('kill -9 at any moment loses no acknowledged rating, and the same list goes on', async (t) => {
  const folder = tempDir(t);
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < 3; round++) {
    const child = fork(join(__dirname, 'serve-child.js'), [folder]);
    const [{ address, ids }] = (await once(child, 'message')) as [{ address: string; ids: string[] }];
    const before = JSON.parse((await ask(`${address}study`)).body.toString()) as { items: { id: string; choice: number | null }[] };
    for (const [item, choice] of acknowledged) assert.equal(before.items.find(({ id }) => id === item)!.choice, choice, `round ${round}`);
    const ended = once(child, 'exit');
    setTimeout(() => child.kill('SIGKILL'), 60 + 35 * round);
    for (let i = 0; ; i++) {
      const [item, choice] = [ids[i % ids.length]!, 1 + ((i + round) % 5)];
      const answer = await rate(address, { item, choice, seconds: 1 }).catch(() => undefined);
      if (answer?.status !== 200) {
        acknowledged.delete(item); // written or not: nobody was told
        break;
      }
      acknowledged.set(item, choice);
    }
    await ended;
  }
  assert.ok(acknowledged.size > 3, `${acknowledged.size} ratings were acknowledged`);
  // What a process that was killed in the midst of a line leaves.
  const path = join(folder, 'Anna', 'ratings.jsonl');
  appendFileSync(path, '{"item":"half');
  const store = await openRatings(folder, 'Anna');
  for (const [item, choice] of acknowledged) assert.equal(store.ratings.get(item)!.choice, choice);
  const first = [...acknowledged.keys()][0]!;
  await store.put(first, { choice: 4, seconds: 1 });
  await store.close();
  assert.equal((await readRatings(folder, 'Anna')).get(first)!.choice, 4);
  assert.ok(!readFileSync(path, 'utf8').includes('half'));
  writeFileSync(path, `not json\n${readFileSync(path, 'utf8')}`);
  await assert.rejects(openRatings(folder, 'Anna'), /ratings\.jsonl: line 1 is no rating/);
});
