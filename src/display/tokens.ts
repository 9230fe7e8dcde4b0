import { type Displayable, displayable } from './displayable';
import { escapeHtml } from './escape';
import { palette } from './palette';

/**
 * A text as its tokens: a coloured box for each with its id below; spaces inside tokens are made visible.
 *
 * @param tokens  the tokens, as the tokenizer names them
 * @param ids     their numbers
 * @param limit   how many the model reads; those behind are struck out and counted
 * @throws RangeError where tokens and ids differ in number
 */
export function tokenStrip(tokens: readonly string[], ids: ArrayLike<number>, limit: number = tokens.length): Displayable {
  if (tokens.length !== ids.length)
    throw new RangeError(`tokenStrip: expected ${tokens.length} ids, one for each token, got ${ids.length}`);
  const lost = Math.max(0, tokens.length - limit);
  const count = `${tokens.length} tokens${lost > 0 ? `, the last ${lost} cut off (the model reads ${limit})` : ''}`;
  const boxes = tokens.map((token, i) => box(token, ids[i]!, i, i >= limit));
  const below = `<div style="opacity:.75;font-size:12px">${count}</div>`;
  const html = `<div class="rg-tokens" style="line-height:1.25">${boxes.join('')}${below}</div>`;
  const shown = tokens.slice(0, limit).map(readable).join('|');
  const text = `${shown}${lost > 0 ? ` [cut off: ${tokens.slice(limit).map(readable).join('|')}]` : ''}\n${count}`;
  return displayable(() => ({ 'text/html': html, 'text/plain': text }));
}

/** A token as a person reads it: byte-level BPE's stand-ins for space and line break become visible marks. */
function readable(token: string): string {
  return token.replaceAll('Ġ', '␣').replaceAll('Ċ', '↵').replaceAll('▁', '␣').replaceAll('</w>', '␣').replaceAll(' ', '␣') || '∅';
}

function box(token: string, id: number, i: number, cut: boolean): string {
  const colour = palette[i % palette.length]!;
  // Tinted, not filled: the text keeps the theme's own ink.
  const look = cut
    ? 'border:1px dashed #d55e00;text-decoration:line-through;opacity:.6'
    : `border:1px solid ${colour};background:${colour}2e`;
  const style = `display:inline-block;margin:0 3px 4px 0;padding:1px 5px;border-radius:4px;text-align:center;${look}`;
  const number = `<span style="display:block;font-size:10px;opacity:.75">${id}</span>`;
  const hint = cut ? ' title="cut off: the model does not read it"' : '';
  return `<span style="${style}"${hint}>${escapeHtml(readable(token))}${number}</span>`;
}
