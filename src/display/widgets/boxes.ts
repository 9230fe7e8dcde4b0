/** Widgets beside, under and behind each other. */
import type { Displayable } from '../displayable';
import { escapeHtml } from '../escape';
import { listener } from './control';
import { createModel } from './model';
import { output } from './output';
import { label } from './shown';
import { type Change, layout, type Node, nodeSymbol, type Widget, widget } from './widget';

/** What a box takes: widgets, anything displayable, or text. */
export type Content = Widget | Displayable | string;

function nodeOf(content: Content): Node {
  if (typeof content === 'string') return label(content)[nodeSymbol];
  if (nodeSymbol in content) return content[nodeSymbol];
  const place = output();
  place.put(content);
  return place[nodeSymbol];
}

function box(name: 'HBox' | 'VBox', contents: readonly Content[], direction: string, properties: object): Widget {
  const nodes = contents.map(nodeOf);
  const model = createModel(
    { module: 'controls', name },
    { box_style: '', children: nodes.map((node) => node.model), tabbable: null, tooltip: null, layout: layout({ ...properties }) },
  );
  const css = `display:flex;gap:12px;flex-wrap:wrap;flex-direction:${direction}`;
  return widget(
    {
      model,
      html: () => `<div style="${css}">${nodes.map((node) => node.html()).join('')}</div>`,
      text: () => nodes.map((node) => node.text()).join(direction === 'row' ? ' ' : '\n'),
    },
    {},
  );
}

/** Widgets from left to right; those that do not fit go on below. @example row([prompt, button({ label: 'Make', onClick: make })]) */
export function row(contents: readonly Content[]): Widget {
  return box('HBox', contents, 'row', { flex_flow: 'row wrap', align_items: 'flex-start', grid_gap: '4px 16px' });
}

/**
 * Widgets from top to bottom.
 *
 * @param options.width  screen pixels, so that what stands beside it in a row keeps its place whatever the column holds; by default as wide as its contents
 * @example row([column([slider({ min: 1, max: 50 }), prompt], { width: 470 }), picture])
 */
export function column(contents: readonly Content[], options: { readonly width?: number } = {}): Widget {
  const { width } = options;
  return box('VBox', contents, 'column', {
    align_items: 'stretch',
    ...(width === undefined ? {} : { flex: `0 1 ${width}px`, max_width: '100%' }),
  });
}

/** Pages of which one is seen. */
export interface Tabs extends Widget {
  /** The title of the page that is seen. */
  value: string;
}

/**
 * Pages of which one is seen at a time.
 *
 * @param pages             their contents by their titles
 * @param options.onChange  hears which page the person opened
 * @throws RangeError where there is no page, or none of the title that is set
 * @example tabs({ Make: column([prompt, picture]), Compare: grid })
 */
export function tabs(
  pages: Readonly<Record<string, Content>>,
  options: { readonly onChange?: (title: string, change: Change) => unknown } = {},
): Tabs {
  const titles = Object.keys(pages);
  if (titles.length === 0) throw new RangeError('tabs: expected at least one page');
  const nodes = Object.values(pages).map(nodeOf);
  const model = createModel(
    { module: 'controls', name: 'Tab' },
    {
      box_style: '',
      children: nodes.map((node) => node.model),
      titles,
      selected_index: 0,
      tabbable: null,
      tooltip: null,
      layout: layout(),
    },
  );
  const current = (): string => titles[(model.state.selected_index as number | null) ?? 0]!;
  const tell = listener(options.onChange);
  model.onChange = (changes) => ('selected_index' in changes ? tell?.(current()) : undefined);
  return widget(
    {
      model,
      html: () => titles.map((title, i) => `<div><b>${escapeHtml(title)}</b></div>${nodes[i]!.html()}`).join(''),
      text: () => titles.map((title, i) => `${title}:\n${nodes[i]!.text()}`).join('\n'),
    },
    {
      get value() {
        return current();
      },
      set value(title: string) {
        const index = titles.indexOf(title);
        if (index < 0) throw new RangeError(`tabs: value: expected one of ${titles.join(', ')}, got ${title}`);
        model.set({ selected_index: index });
      },
    },
  );
}
