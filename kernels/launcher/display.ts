/**
 * Displays: mime bundles shown below a cell, updated in place, cleared.
 *
 * The library calls `globalThis[Symbol.for('roentgen.display')]`. A value with a method `[Symbol.for('Jupyter.display')]`
 * shows itself as the bundle that the method returns, with the metadata that a method `[Symbol.for('roentgen.metadata')]`
 * returns. tslab's own `display` functions work too.
 */
import { inspect } from 'node:util';
import type { Tslab } from './cells/tslab';
import { currentContext, currentSink, runInto, type Sink } from './contexts';
import type { Input } from './input';
import type { Iopub } from './iopub';
import type { Content } from './wire';

/** Representations of one thing by mime type. Bytes become base64. */
export type Bundle = Record<string, unknown>;

/** What the launcher offers to the library as `globalThis[Symbol.for('roentgen.display')]`. */
export interface DisplayHook {
  /** Shows a bundle below the running cell. With an id, `update` can change it. */
  display(bundle: Bundle, metadata?: Content, displayId?: string): void;
  /** Changes every display that has the id, in whichever cell it is. */
  update(bundle: Bundle, metadata: Content | undefined, displayId: string): void;
  /** Clears the running cell's outputs; with `wait` only when the next output comes (no flicker). */
  clear(wait?: boolean): void;
  /** Runs something whose texts and displays go to the sink, also those that it makes after an `await`. */
  capture<T>(sink: Sink, body: () => T): T;
  /** Asks the person for a line. @throws Error where the front end cannot ask, Interrupted where it was interrupted. */
  input(prompt?: string, password?: boolean): Promise<string>;
}

/** Makes the hook and installs it, for the library and for tslab's display functions. */
export function installDisplay(iopub: Iopub, input: Input, tslab: Tslab): void {
  function show(type: 'display_data' | 'update_display_data', bundle: Bundle, metadata: Content, displayId: string | undefined): void {
    const context = currentContext();
    if (context.muted) return;
    const sink = currentSink();
    if (sink) {
      sink.show(encodeBundle(bundle), metadata, displayId, type === 'update_display_data');
      return;
    }
    iopub.publish(type, { data: encodeBundle(bundle), metadata, transient: displayId ? { display_id: displayId } : {} }, context);
  }

  const hook: DisplayHook = {
    display: (bundle, metadata = {}, displayId) => show('display_data', bundle, metadata, displayId),
    update: (bundle, metadata = {}, displayId) => show('update_display_data', bundle, metadata, displayId),
    clear(wait = false) {
      const context = currentContext();
      if (context.muted) return;
      const sink = currentSink();
      if (sink) sink.clear(wait);
      else iopub.publish('clear_output', { wait }, context);
    },
    capture: runInto,
    input: (prompt = '', password = false) => input.ask(currentContext(), prompt, password),
  };
  (globalThis as Record<symbol, unknown>)[Symbol.for('roentgen.display')] = hook;
  tslab.jupyter.lastWriteDisplayData = (
    content: { data: Bundle; metadata: Content; transient: { display_id?: string } },
    update: boolean,
  ) => show(update ? 'update_display_data' : 'display_data', content.data, content.metadata, content.transient.display_id);
}

/** A cell's value as a bundle with its metadata. @throws whatever the value's own display method throws */
export async function resultDisplay(value: unknown): Promise<{ data: Bundle; metadata: Content }> {
  const methods = Object(value) as Record<symbol, unknown>;
  const bundle = methods[Symbol.for('Jupyter.display')];
  if (typeof bundle !== 'function') return { data: { 'text/plain': inspect(value, { depth: 4 }) }, metadata: {} };
  const metadata = methods[Symbol.for('roentgen.metadata')];
  return {
    data: encodeBundle(await bundle.call(value)),
    metadata: typeof metadata === 'function' ? await metadata.call(value) : {},
  };
}

function encodeBundle(bundle: Bundle): Bundle {
  if (typeof bundle !== 'object' || bundle === null) {
    throw new TypeError(`display: expected a mime bundle such as { 'text/plain': '...' }, got ${inspect(bundle)}`);
  }
  return Object.fromEntries(
    Object.entries(bundle).map(([type, data]) => [type, data instanceof Uint8Array ? Buffer.from(data).toString('base64') : data]),
  );
}
