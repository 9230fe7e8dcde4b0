import type { Displayable } from '../displayable';
import { escapeHtml } from '../escape';
import { displayHost } from '../host';
import { createModel } from './model';
import { layout, type Widget, widget } from './widget';

/** One output as a notebook stores it. */
interface Stored {
  readonly output_type: 'stream' | 'display_data';
  readonly name?: string;
  readonly text?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A place for anything that a cell can show: prints, plots, pictures, progress. */
export interface Output extends Widget {
  /** Shows this in place of what was there. */
  put(item: Displayable): void;
  /** Adds a line of text. */
  print(text: string): void;
  /** Runs something whose prints and displays appear here, also those after an `await`; returns what it returns. */
  capture<T>(body: () => T): T;
  clear(): void;
}

/**
 * A place for outputs, which stays when the page is loaded anew. Where a kernel has no such place, what is captured appears under the cell.
 *
 * @example const plots = output(); plots.put(lineFigure({ … })); await plots.capture(() => train());
 */
export function output(): Output {
  const model = createModel(
    { module: 'output', name: 'Output' },
    { outputs: [], msg_id: '', tabbable: null, tooltip: null, layout: layout({ max_width: '100%' }) },
  );
  // Displays that can be updated, by their ids.
  const ids = new Map<string, Stored>();
  let clearWaits = false;

  const stored = (): readonly Stored[] => model.state.outputs as readonly Stored[];
  function store(outputs: readonly Stored[]): void {
    model.set({ outputs });
  }
  function add(one: Stored): void {
    const before = clearWaits ? [] : stored();
    clearWaits = false;
    const last = before.at(-1);
    const joined = one.output_type === 'stream' && last?.output_type === 'stream' && last.name === one.name;
    store(joined ? [...before.slice(0, -1), { ...last, text: `${last.text}${one.text}` }] : [...before, one]);
  }
  function clear(): void {
    ids.clear();
    clearWaits = false;
    store([]);
  }
  const sink = {
    write: (name: 'stdout' | 'stderr', text: string) => add({ output_type: 'stream', name, text }),
    show(data: Readonly<Record<string, unknown>>, metadata: Readonly<Record<string, unknown>>, id: string | undefined, update: boolean) {
      const one: Stored = { output_type: 'display_data', data, metadata };
      const earlier = id === undefined ? undefined : ids.get(id);
      if (id !== undefined) ids.set(id, one);
      if (!update) add(one);
      else if (earlier) store(stored().map((other) => (other === earlier ? one : other)));
    },
    clear(wait: boolean) {
      if (wait) clearWaits = true;
      else clear();
    },
  };
  return widget<Pick<Output, 'put' | 'print' | 'capture' | 'clear'>>(
    {
      model,
      html: () => stored().map(storedHtml).join(''),
      text: () => stored().map(storedText).join('\n'),
    },
    {
      put(item: Displayable) {
        ids.clear();
        clearWaits = false;
        store([{ output_type: 'display_data', data: item.bundle(), metadata: item.metadata() }]);
      },
      print: (line: string) => sink.write('stdout', `${line}\n`),
      capture<T>(body: () => T): T {
        const { capture } = displayHost();
        return capture ? capture(sink, body) : body();
      },
      clear,
    },
  );
}

function storedHtml({ text, data = {} }: Stored): string {
  if (text !== undefined) return `<pre style="margin:4px 0">${escapeHtml(text)}</pre>`;
  const { 'text/html': own, 'image/png': png, 'text/plain': plain } = data;
  if (typeof png === 'string' && own === undefined)
    return `<img alt="${escapeHtml(String(plain ?? 'picture'))}" src="data:image/png;base64,${png}">`;
  return typeof own === 'string' ? own : `<pre style="margin:4px 0">${escapeHtml(String(plain ?? ''))}</pre>`;
}

function storedText({ text, data = {} }: Stored): string {
  return (text ?? String(data['text/plain'] ?? '')).trimEnd();
}
