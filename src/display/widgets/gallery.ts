/** The last pictures, each with what changed in its settings and the way back to them. */
import { changes, type Settings } from '../changes';
import { escapeHtml } from '../escape';
import type { Picture } from '../pixels';
import { column, row } from './boxes';
import { button } from './button';
import { html, image } from './shown';
import { type Change, nodeSymbol, type Widget, widget } from './widget';

/** The last pictures that were added. */
export interface Gallery<T extends Settings<T>> extends Widget {
  /** How many are there. */
  readonly count: number;
  /** Puts a picture before the others; beyond the limit the oldest goes. */
  add(picture: Picture, settings: T): void;
}

/**
 * The last pictures, newest first. Below each stands what changed against the one before it (`changes`), and a button that hands its settings back.
 *
 * @param options.onPick  hears the settings of the picture whose button was pressed
 * @param options.limit   how many are kept, 8 by default
 * @param options.size    screen pixels of a picture's longer side, 112 by default
 * @example const past = gallery<Wish>({ onPick: (wish) => put(wish) }); past.add(image, { seed: 1, guidance: 4 });
 */
export function gallery<T extends Settings<T>>(options: {
  readonly onPick: (settings: T, change: Change) => unknown;
  readonly limit?: number;
  readonly size?: number;
}): Gallery<T> {
  const { onPick, limit = 8, size = 112 } = options;
  // Newest first. The one that the limit pushed out is kept, for what changed after it.
  const entries: { readonly picture: Picture; readonly settings: T }[] = [];
  const frames: { readonly widget: Widget; fill(): void }[] = [];
  const box = row([]);
  const { model } = box[nodeSymbol];

  function frame(i: number): (typeof frames)[number] {
    const [picture, caption] = [image({ size }), html()];
    const back = button({ label: 'Back to this', onClick: (change) => onPick(entries[i]!.settings, change) });
    return {
      widget: column([picture, caption, back], { width: size + 8 }),
      fill() {
        const [{ settings, picture: shown }, before] = [entries[i]!, entries[i + 1]];
        const lines = before ? changes(before.settings, settings) : ['the first'];
        picture.picture = shown;
        picture.alt = Object.entries(settings)
          .map(([name, value]) => `${name}: ${value}`)
          .join(', ');
        const text = (lines.length > 0 ? lines : ['the same again']).map(escapeHtml).join('<br>');
        caption.value = `<div class="rg-caption" style="font-size:12px;line-height:1.3;overflow-wrap:anywhere">${text}</div>`;
      },
    };
  }

  const parts = { ...box[nodeSymbol] };
  parts.html = () =>
    `<div style="display:flex;gap:12px;flex-wrap:wrap">${frames.map(({ widget: one }) => one[nodeSymbol].html()).join('')}</div>`;
  parts.text = () => (entries.length === 0 ? '[no pictures yet]' : `[the last ${frames.length} pictures]`);
  return widget<Pick<Gallery<T>, 'count' | 'add'>>(parts, {
    get count() {
      return frames.length;
    },
    add(picture: Picture, settings: T) {
      entries.unshift({ picture, settings: { ...settings } });
      entries.length = Math.min(entries.length, limit + 1);
      if (frames.length < Math.min(entries.length, limit)) {
        frames.push(frame(frames.length));
        model.set({ children: frames.map(({ widget: one }) => one[nodeSymbol].model) });
      }
      for (const one of frames) one.fill();
    },
  });
}
