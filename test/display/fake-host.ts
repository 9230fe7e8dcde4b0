import type { TestContext } from 'node:test';
import type { MimeBundle } from 'roentgen-lab/display';
import { type DisplayHost, hostSymbol } from '#display/host';

/** One message that a kernel would have sent. */
export interface Sent {
  readonly kind: 'display' | 'update';
  readonly bundle: MimeBundle;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly id: string | undefined;
}

/** Puts a notebook's display into this process for one test, and records what it was sent. */
export function fakeHost(t: TestContext): Sent[] {
  const sent: Sent[] = [];
  const host: DisplayHost = {
    display: (bundle, metadata = {}, id) => void sent.push({ kind: 'display', bundle, metadata, id }),
    update: (bundle, metadata, id) => void sent.push({ kind: 'update', bundle, metadata, id }),
    clear: () => undefined,
    input: (prompt) => Promise.resolve(`answer to ${prompt}`),
  };
  const place = globalThis as { [hostSymbol]?: DisplayHost };
  place[hostSymbol] = host;
  t.after(() => delete place[hostSymbol]);
  return sent;
}
