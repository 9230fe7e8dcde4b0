/** Comms without a kernel and without a front end. */
import type { TestContext } from 'node:test';
import type { Widget } from 'roentgen-lab/display';

interface Sent {
  readonly id: string;
  readonly type: 'open' | 'msg';
  // biome-ignore lint/suspicious/noExplicitAny: messages of a front end
  readonly data: any;
  readonly buffers: readonly Uint8Array[];
}

/** A kernel's comms for one test: records what is sent, and answers as a front end. */
export function fakeComms(t: TestContext) {
  const sent: Sent[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: stands for the launcher's objects
  const comms = new Map<string, any>();
  // biome-ignore lint/suspicious/noExplicitAny: the same
  const targets = new Map<string, any>();
  let flush = (): void => undefined;
  const create = (id: string) => {
    const comm = {
      id,
      send: (data: object, _metadata?: object, buffers: readonly Uint8Array[] = []) => void sent.push({ id, type: 'msg', data, buffers }),
      onMessage: undefined,
      onClose: undefined,
    };
    comms.set(id, comm);
    return comm;
  };
  const host = {
    open(_target: string, data: object, _metadata: object, buffers: readonly Uint8Array[]) {
      const id = `model-${comms.size}`;
      sent.push({ id, type: 'open', data, buffers });
      return create(id);
    },
    // biome-ignore lint/suspicious/noExplicitAny: the same
    register: (target: string, onOpen: any) => targets.set(target, onOpen),
    beforeIdle: (call: () => void) => {
      flush = call;
    },
  };
  const place = globalThis as Record<symbol, unknown>;
  place[Symbol.for('roentgen.comms')] = host;
  t.after(() => {
    delete place[Symbol.for('roentgen.comms')];
  });
  const idOf = (widget: Widget): string => (widget.bundle()['application/vnd.jupyter.widget-view+json'] as { model_id: string }).model_id;
  return {
    sent,
    idOf,
    flush: () => flush(),
    /** The front end changes values; the handler's promise. */
    change: (widget: Widget, state: object) =>
      comms.get(idOf(widget)).onMessage({ data: { method: 'update', state, buffer_paths: [] }, buffers: [] }),
    /** The same with bytes, and the places that they belong to. */
    give: (widget: Widget, state: object, buffer_paths: readonly (readonly (string | number)[])[], buffers: readonly Uint8Array[]) =>
      comms.get(idOf(widget)).onMessage({ data: { method: 'update', state, buffer_paths }, buffers }),
    event: (widget: Widget, event: string) =>
      comms.get(idOf(widget)).onMessage({ data: { method: 'custom', content: { event } }, buffers: [] }),
    /** A message of the front end to a model that is inside another. */
    send: (id: string, data: object) => comms.get(id).onMessage({ data, buffers: [] }),
    reload() {
      const comm = create('control');
      targets.get('jupyter.widget.control')(comm, {});
      (comm.onMessage as unknown as (message: object) => void)({ data: { method: 'request_states' }, buffers: [] });
      return sent.at(-1)!;
    },
  };
}
