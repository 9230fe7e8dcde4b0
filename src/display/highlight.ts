import { type Displayable, displayable } from './displayable';
import { escapeHtml } from './escape';
import { palette } from './palette';

/**
 * A text with some of its words marked, such as the findings of a prompt. Case does not matter; of words that overlap the longer one counts.
 *
 * @param terms  what to mark, as whole words
 * @param note   a line below, such as how many tokens it is
 * @param read   characters that a model reads; what follows them is struck out
 * @example highlight('PA chest radiograph. Large right pleural effusion.', PHANTOM_FINDINGS, '12 of 48 tokens')
 */
export function highlight(text: string, terms: readonly string[], note: string = '', read: number = text.length): Displayable {
  const parts = marked(text.slice(0, read), terms);
  const lost = text.slice(read);
  const mark = `background:${palette[4]}55;border-bottom:2px solid ${palette[4]};padding:0 2px;border-radius:2px`;
  const shown = parts.map((part, i) => (i % 2 === 1 ? `<b style="${mark}">${escapeHtml(part)}</b>` : escapeHtml(part))).join('');
  const hint = 'cut off: the model does not read it';
  const cut = lost === '' ? '' : `<s class="rg-cut" title="${hint}" style="opacity:.5">${escapeHtml(lost)}</s>`;
  const below = note === '' ? '' : `<div style="font-size:12px;opacity:.75">${escapeHtml(note)}</div>`;
  const html = `<div class="rg-marked" style="font-size:13px;line-height:1.6">${shown}${cut}${below}</div>`;
  const plain = parts.map((part, i) => (i % 2 === 1 ? `*${part}*` : part)).join('') + (lost === '' ? '' : ` [cut off: ${lost.trim()}]`);
  return displayable(() => ({ 'text/html': html, 'text/plain': note === '' ? plain : `${plain} (${note})` }));
}

/** A text cut at its terms, which have the odd places. */
function marked(text: string, terms: readonly string[]): string[] {
  const ordered = [...terms].filter((term) => term !== '').sort((a, b) => b.length - a.length);
  const escaped = ordered.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return escaped.length > 0 ? text.split(new RegExp(`\\b(${escaped.join('|')})\\b`, 'gi')) : [text];
}
