import { type Displayable, displayable } from './displayable';
import { escapeHtml } from './escape';
import { palette } from './palette';

/**
 * A text with some of its words marked, such as the findings of a prompt. Case does not matter; of words that overlap the longer one counts.
 *
 * @param terms  what to mark, as whole words
 * @param note   a line below, such as how many tokens it is
 * @example highlight('PA chest radiograph. Large right pleural effusion.', PHANTOM_FINDINGS, '12 of 48 tokens')
 */
export function highlight(text: string, terms: readonly string[], note: string = ''): Displayable {
  const ordered = [...terms].filter((term) => term !== '').sort((a, b) => b.length - a.length);
  const escaped = ordered.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const parts = escaped.length > 0 ? text.split(new RegExp(`\\b(${escaped.join('|')})\\b`, 'gi')) : [text];
  const style = `background:${palette[4]}55;border-bottom:2px solid ${palette[4]};padding:0 2px;border-radius:2px`;
  const marked = parts.map((part, i) => (i % 2 === 1 ? `<b style="${style}">${escapeHtml(part)}</b>` : escapeHtml(part)));
  const below = note === '' ? '' : `<div style="font-size:12px;opacity:.75">${escapeHtml(note)}</div>`;
  const html = `<div class="rg-marked" style="font-size:13px;line-height:1.6">${marked.join('')}${below}</div>`;
  const plain = parts.map((part, i) => (i % 2 === 1 ? `*${part}*` : part)).join('');
  return displayable(() => ({ 'text/html': html, 'text/plain': note === '' ? plain : `${plain} (${note})` }));
}
