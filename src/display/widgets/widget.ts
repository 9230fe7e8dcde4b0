import { inspect } from 'node:util';
import { type Displayable, jupyterDisplay, jupyterMetadata } from '../displayable';
import { escapeHtml } from '../escape';
import { textWidth } from '../font';
import { displayHost, type MimeBundle, notebookHost } from '../host';
import { createModel, type Model, type State } from './model';

/** The MIME type under which front ends show a control. */
export const widgetMime = 'application/vnd.jupyter.widget-view+json';

/** What a widget is to boxes that hold it. */
export interface Node {
  readonly model: Model;
  /** What it looks like where nothing can be changed. */
  html(): string;
  /** One line for terminals. */
  text(): string;
}

/** A widget's node; for boxes, not for cells. */
export const nodeSymbol: unique symbol = Symbol('roentgen.node');

/**
 * A control, or something that changes in place. Shown twice it is the same thing in two places, and it is still there after the page was
 * loaded anew. Where a kernel has no controls (stock tslab, a terminal), and in a saved page, it is shown as it was, and says so.
 */
export interface Widget extends Displayable {
  readonly [nodeSymbol]: Node;
}

/** What a handler is told beside the value. */
export interface Change {
  /** Raised when a newer value comes, or the kernel is interrupted: hand it on to what takes long. The newer one waits until this one ends. */
  readonly signal: AbortSignal;
}

const still = 'shown as it was: controls work in a running notebook';
const unable = `static: this kernel has no controls; choose one named TypeScript (roentgen)`;

/**
 * A widget around its node.
 *
 * @param properties  its own properties, getters and setters included
 */
export function widget<T extends object>(node: Node, properties: T): Widget & T {
  const bundle = (): MimeBundle => {
    const id = node.model.open();
    const note = `<div style="font-size:12px;opacity:.75">[${id === undefined && notebookHost() ? unable : still}]</div>`;
    return {
      ...(id !== undefined && { [widgetMime]: { version_major: 2, version_minor: 0, model_id: id } }),
      'text/html': `<div class="rg-static">${node.html()}${note}</div>`,
      'text/plain': id === undefined ? `${node.text()} (${unable})` : node.text(),
    };
  };
  const shared: Widget = {
    bundle,
    metadata: () => ({}),
    show: () => displayHost().display(bundle(), {}),
    [jupyterDisplay]: bundle,
    [jupyterMetadata]: () => ({}),
    [nodeSymbol]: node,
  };
  Object.defineProperties(shared, Object.getOwnPropertyDescriptors(properties));
  Object.defineProperty(shared, inspect.custom, { value: () => node.text(), enumerable: false });
  return shared as Widget & T;
}

/** A layout (CSS properties with _ for -, such as max_width). */
export function layout(properties: State = {}): Model {
  return createModel({ module: 'base', name: 'Layout' }, properties);
}

/** How wide a control is beside its label, in CSS pixels. */
const controlWidth = 280;
const leastLabel = 120;

/** What every control with a label before it has: room for the whole label, and the rest in one width, so that controls stand in columns. */
export function labelled(label: string, styleName: string): State {
  const width = label === '' ? 0 : Math.max(leastLabel, Math.ceil(textWidth(label, 13)) + 12);
  return {
    description: label,
    disabled: false,
    description_allow_html: false,
    tabbable: null,
    tooltip: null,
    layout: layout({ width: `${width + controlWidth}px`, max_width: '98%' }),
    style: style(styleName, { description_width: `${width}px` }),
  };
}

/** A style model of the front end. */
export function style(name: string, properties: State = {}): Model {
  const model = createModel({ module: 'controls', name, view: 'StyleView' }, properties);
  // Styles' views are the base package's.
  model.set({ _view_module: '@jupyter-widgets/base', _view_module_version: '2.0.0' });
  return model;
}

/** The static form of a control: its label and its value. */
export function staticHtml(label: string, value: string, more = ''): string {
  const name = label === '' ? '' : `<span style="display:inline-block;min-width:${leastLabel}px">${escapeHtml(label)}</span> `;
  const remainder = more === '' ? '' : ` <span style="opacity:.75">${escapeHtml(more)}</span>`;
  return `<div style="font-size:13px;line-height:1.8">${name}<b>${escapeHtml(value)}</b>${remainder}</div>`;
}
