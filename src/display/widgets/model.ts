/**
 * The kernel's half of an ipywidgets model: named values that a front end shows and changes.
 *
 * Protocol: "Jupyter widgets messaging protocol", version 2.1 (ipywidgets 8, packages/schema/messages.md). The front end sends `update`; it
 * is answered by `echo_update`, so that other views follow; own changes go out as `update`, gathered over 50 ms.
 */
import { throttle } from '../live';
import { type Comm, type CommHost, type CommMessage, commHost } from './comms';

/** Values by the front end's names. Models stand for themselves, bytes for binary values. */
export type State = Readonly<Record<string, unknown>>;

/** Which class of the front end draws a model. */
export interface ModelClass {
  readonly module: 'controls' | 'base' | 'output';
  /** Without the ending: `Dropdown` is DropdownModel and DropdownView. */
  readonly name: string;
  /** Where the view's class has another name. */
  readonly view?: string;
}

/** A model, which exists in the front end once it was opened. */
export interface Model {
  readonly state: State;
  /** Changes values here and in the front end. */
  set(changes: State): void;
  /** Makes it exist in the front end, after the models that it refers to; its id there. Undefined where there are no comms. */
  open(): string | undefined;
  /** Is told what the front end changed, after `state` has it. */
  onChange: ((changes: State) => unknown) | undefined;
  /** Is told what happened in the front end that is no change of a value, such as a click. */
  onEvent: ((event: string) => unknown) | undefined;
}

const versions = { controls: '2.0.0', base: '2.0.0', output: '1.0.0' } as const;
const target = 'jupyter.widget';
const metadata = { version: '2.1.0' };
const sendMilliseconds = 50;

interface OpenModel {
  pack(): Packed;
  flush(): void;
}

const hosts = new WeakSet<CommHost>();
const opened = new Map<string, OpenModel>();

/** A model with its first values. */
export function createModel({ module, name, view = `${name}View` }: ModelClass, first: State): Model {
  const names = { _model_module: `@jupyter-widgets/${module}`, _view_module: `@jupyter-widgets/${module}` };
  const version = versions[module];
  const state: Record<string, unknown> = {
    ...names,
    _model_name: `${name}Model`,
    _model_module_version: version,
    _view_name: view,
    _view_module_version: version,
    _view_count: null,
    ...first,
  };
  const changed = new Set<string>();
  const sending = throttle(sendMilliseconds);
  let comm: Comm | undefined;

  function send(method: 'update' | 'echo_update', values: State): void {
    const { state: packed, buffer_paths, buffers } = pack(values);
    comm?.send({ method, state: packed, buffer_paths }, metadata, buffers);
  }

  function sendChanges(): void {
    const values = Object.fromEntries([...changed].map((key) => [key, state[key]]));
    changed.clear();
    if (Object.keys(values).length > 0) send('update', values);
  }

  function receive({ data, buffers }: CommMessage): unknown {
    if (data.method === 'request_state') send('update', state);
    else if (data.method === 'custom') return model.onEvent?.(String((data.content as { event?: unknown } | undefined)?.event));
    else if (data.method === 'update') {
      const changes: Record<string, unknown> = { ...(data.state as State) };
      for (const [i, path] of ((data.buffer_paths ?? []) as (string | number)[][]).entries()) put(changes, path, buffers[i]);
      for (const key of Object.keys(changes)) changed.delete(key);
      Object.assign(state, changes);
      send('echo_update', changes);
      return model.onChange?.(changes);
    }
    return undefined;
  }

  const model: Model = {
    state,
    onChange: undefined,
    onEvent: undefined,
    set(changes) {
      for (const [key, value] of Object.entries(changes)) {
        if (Object.is(state[key], value)) continue;
        state[key] = value;
        changed.add(key);
      }
      if (comm && changed.size > 0) sending.offer(sendChanges);
    },
    open() {
      const host = commHost();
      if (!host || comm) return comm?.id;
      prepare(host);
      const { state: packed, buffer_paths, buffers } = pack(state);
      changed.clear();
      const created = host.open(target, { state: packed, buffer_paths }, metadata, buffers);
      comm = created;
      opened.set(created.id, { pack: () => pack(state), flush: sending.flush });
      created.onMessage = receive;
      created.onClose = () => {
        comm = undefined;
        opened.delete(created.id);
      };
      return created.id;
    },
  };
  return model;
}

interface Packed {
  readonly state: Record<string, unknown>;
  readonly buffer_paths: readonly (readonly (string | number)[])[];
  readonly buffers: readonly Uint8Array[];
}

/** Values as JSON: models by their ids; bytes apart, wherever they are, with the places that they are missing from. */
function pack(values: State): Packed {
  const paths: (string | number)[][] = [];
  const buffers: Uint8Array[] = [];
  const visit = (value: unknown, path: (string | number)[]): unknown => {
    if (value instanceof Uint8Array) {
      paths.push(path);
      buffers.push(value);
      return undefined;
    }
    if (Array.isArray(value)) return value.map((one, i) => visit(one, [...path, i]));
    if (value === null || typeof value !== 'object') return value;
    const { open } = value as Partial<Model>;
    if (typeof open === 'function') return `IPY_MODEL_${open()}`;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, one]) => {
        const packed = visit(one, [...path, key]);
        return packed === undefined ? [] : [[key, packed]];
      }),
    );
  };
  return { state: visit(values, []) as Record<string, unknown>, buffer_paths: paths, buffers };
}

/** Puts bytes back into the place that they were missing from. */
function put(values: Record<string, unknown>, path: readonly (string | number)[], bytes: Uint8Array | undefined): void {
  let node = values;
  for (const key of path.slice(0, -1)) node = node[key] as Record<string, unknown>;
  node[path.at(-1)!] = bytes;
}

/** Once in a kernel: what waits is sent before a cell ends, and a front end that was loaded anew is given all models. */
function prepare(host: CommHost): void {
  if (hosts.has(host)) return;
  hosts.add(host);
  host.beforeIdle(() => {
    for (const { flush } of opened.values()) flush();
  });
  host.register('jupyter.widget.control', (comm) => {
    comm.onMessage = ({ data }) => {
      if (data.method === 'request_states') sendStates(comm);
    };
  });
}

function sendStates(comm: Comm): void {
  const states: Record<string, object> = {};
  const paths: (string | number)[][] = [];
  const buffers: Uint8Array[] = [];
  for (const [id, { pack: packed }] of opened) {
    const { state, buffer_paths, buffers: own } = packed();
    const { _model_name: model_name, _model_module: model_module, _model_module_version: model_module_version } = state;
    states[id] = { model_name, model_module, model_module_version, state };
    paths.push(...buffer_paths.map((path) => [id, 'state', ...path]));
    buffers.push(...own);
  }
  comm.send({ method: 'update_states', states, buffer_paths: paths }, metadata, buffers);
}
