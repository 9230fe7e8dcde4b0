import { type Displayable, displayable } from './displayable';
import { escapeHtml } from './escape';

/**
 * A sentence as a cell's result, or anywhere with `show()`: set as text, where a string would stand in quotes and break inside its words.
 *
 * @param text  plain text; a line break begins a new line
 */
export function note(text: string): Displayable {
  const lines = escapeHtml(text).replaceAll('\n', '<br>');
  return displayable(() => ({ 'text/plain': text, 'text/html': `<p class="rg-note" style="margin:.3em 0;max-width:50em">${lines}</p>` }));
}
