/** The study's page on this machine alone: a server on the loopback address whose every path begins with a random token. */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pageHtml } from './page';
import { pageScript } from './page-script';
import { pageStyle } from './page-style';
import type { RatingStore } from './ratings';
import { isChoice, type ScaleWords } from './scales';

/** Questions of one kind, with what a reader is told before the first of them. */
export interface ServedPart extends ScaleWords {
  /** Names it. */
  readonly scale: string;
}

/** What the page names of an item. */
export interface ServedItem {
  /** A hash: ratings name the item by it. */
  readonly id: string;
  /** Its part's. */
  readonly scale: string;
  /** Names of its images, from the left: hashes too. */
  readonly images: readonly string[];
}

/** What stands beside an item's images. */
export interface ShownBeside {
  /** One text. */
  readonly text?: string;
  /** Several, each under its title. */
  readonly texts?: readonly { readonly title: string; readonly text: string }[];
  /** Instead of the part's. */
  readonly question?: string;
}

/** What a reader is shown and where answers go. */
export interface ServedStudy<I extends ServedItem = ServedItem> {
  readonly reader: string;
  readonly parts: readonly ServedPart[];
  readonly list: readonly I[];
  /** What readers are told of all that is shown, instead of what the page says of synthetic images. */
  readonly statement?: string;
  beside(item: I): ShownBeside;
  /** A PNG file without any text in it. */
  png(item: I, image: number): Promise<Uint8Array>;
  readonly ratings: RatingStore;
}

export interface ServeOptions {
  /** By default any that is free. */
  readonly port?: number;
  /** Ends the serving. */
  readonly signal?: AbortSignal;
  /** Called with the number of items rated after each rating. */
  readonly onRated?: (rated: number) => void;
}

export interface ServedPage {
  /** With its token: who has it can rate. */
  readonly address: string;
  /** Settles when the reader has ended the study on the page, or the signal was raised. */
  readonly ended: Promise<void>;
  /** Ends it from here; what is being written is written. */
  close(): Promise<void>;
}

const BODY_BYTES = 1024;
const SECONDS = 24 * 3600;

/** Sent with everything: nothing of other origins is loaded, nothing is kept, framed or passed on. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly allow?: string;
}

const json = (value: unknown, status = 200): Reply => ({ status, type: 'application/json; charset=utf-8', body: JSON.stringify(value) });
const refusal = (status: number, message: string): Reply => json({ error: message }, status);

/**
 * Serves the page.
 *
 * @throws the system's error where the port is taken or not allowed
 */
export async function serveReaderStudy<I extends ServedItem>(study: ServedStudy<I>, options: ServeOptions = {}): Promise<ServedPage> {
  const token = randomBytes(24).toString('base64url');
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 16_384 }, (request, response) => {
    answer(request, (server.address() as AddressInfo).port)
      .catch((error: Error) => refusal(500, error.message))
      .then((reply) => send(request, response, reply));
  });
  const byId = new Map(study.list.map((item) => [item.id, item]));
  const byImage = new Map(study.list.flatMap((item) => item.images.map((name, i) => [name, { item, i }] as const)));

  async function answer(request: IncomingMessage, port: number): Promise<Reply> {
    const refused = refusedOf(request, port);
    if (refused) return refused;
    const [, given = '', ...rest] = (request.url ?? '').split('?', 1)[0]!.split('/');
    if (!sameText(given, token)) return refusal(403, 'open the address that the command has printed');
    const path = rest.join('/');
    const { method } = request;
    if (path === 'ratings' || path === 'end')
      return method === 'POST' ? post(path, request) : { ...refusal(405, 'expected POST'), allow: 'POST' };
    if (method !== 'GET' && method !== 'HEAD') return { ...refusal(405, 'expected GET'), allow: 'GET, HEAD' };
    if (path === '') return { status: 200, type: 'text/html; charset=utf-8', body: pageHtml };
    if (path === 'page.js') return { status: 200, type: 'text/javascript; charset=utf-8', body: pageScript };
    if (path === 'page.css') return { status: 200, type: 'text/css; charset=utf-8', body: pageStyle };
    if (path === 'study') return json(contentOf(study));
    const image = byImage.get(/^images\/(\w+)\.png$/.exec(path)?.[1] ?? '');
    if (image) return { status: 200, type: 'image/png', body: await study.png(image.item, image.i) };
    return refusal(404, 'there is no such page');
  }

  async function post(path: string, request: IncomingMessage): Promise<Reply> {
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) return refusal(415, 'expected application/json');
    const text = await bodyOf(request);
    if (text === undefined) return refusal(413, `expected at most ${BODY_BYTES} bytes`);
    if (path === 'end') {
      setImmediate(finish);
      return json({ ended: true });
    }
    let asked: { item?: unknown; choice?: unknown; seconds?: unknown } | null;
    try {
      asked = JSON.parse(text);
    } catch {
      return refusal(400, 'expected JSON');
    }
    const { item, choice, seconds } = asked ?? {};
    const known = typeof item === 'string' ? byId.get(item) : undefined;
    if (!known) return refusal(404, 'there is no such item in this list');
    if (choice !== null && !isChoice(choice)) return refusal(400, 'choice: expected 1 to 5, or null to take a rating back');
    if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= SECONDS)) return refusal(400, `seconds: expected 0 to ${SECONDS}`);
    await study.ratings.put(known.id, choice === null ? undefined : { choice, seconds });
    options.onRated?.(study.ratings.ratings.size);
    return json({ rated: study.ratings.ratings.size });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const raised = (): void => finish();
  options.signal?.addEventListener('abort', raised, { once: true });
  if (options.signal?.aborted) finish();
  const close = async (): Promise<void> => {
    options.signal?.removeEventListener('abort', raised);
    finish();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 500).unref();
    });
  };
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/`, ended: finished, close };
}

/** Requests that another site has sent, or that came under another name than this machine's (DNS rebinding), whatever they know. */
function refusedOf({ headers }: IncomingMessage, port: number): Reply | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host ?? '')) return refusal(403, 'this page is for this machine alone');
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
    return refusal(403, 'the request comes from another page');
  const site = headers['sec-fetch-site'];
  const opened = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'; // a link that a person follows
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !opened)
    return refusal(403, 'the request comes from another page');
  return undefined;
}

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

/** Undefined where it is too long: no more than that is read. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > BODY_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body, allow }: Reply): void {
  const bytes = Buffer.from(body as Uint8Array);
  response.writeHead(status, {
    ...HEADERS,
    'content-type': type,
    'content-length': bytes.length,
    ...(allow && { allow }),
    ...(status >= 400 && { connection: 'close' }), // a body that was refused is not read
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** What the page knows: nothing in it tells which is which. */
function contentOf<I extends ServedItem>({ reader, parts, list, statement, beside, ratings }: ServedStudy<I>): unknown {
  return {
    reader,
    ...(statement !== undefined && { statement }),
    parts: parts.filter(({ scale }) => list.some((item) => item.scale === scale)),
    items: list.map((item) => ({
      id: item.id,
      scale: item.scale,
      images: item.images,
      ...beside(item),
      choice: ratings.ratings.get(item.id)?.choice ?? null,
    })),
    // To take back the newest first, also after a break.
    order: [...ratings.ratings.keys()],
  };
}
