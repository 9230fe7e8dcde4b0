/** Templates of text: (a|b) is a choice, {slot} is filled in. */

import type { Draws } from './draws';

/**
 * One of the templates, with its choices made and its slots filled. Slots may hold choices themselves.
 *
 * @throws Error where a slot has no value: the grammar and the code disagree
 */
export function fill(templates: readonly string[], slots: Readonly<Record<string, string>>, random: Draws): string {
  let text = random.pick(templates).replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = slots[name];
    if (value === undefined) throw new Error(`grammar: no value for {${name}}; there are ${Object.keys(slots).join(', ')}`);
    return value;
  });
  while (text.includes('(')) text = text.replace(/\(([^()]*)\)/, (_, choices: string) => random.pick(choices.split('|')));
  return text.replace(/\s+/g, ' ').replace(/ ,/g, ',').trim();
}

/** The noun phrase with its article. */
export function withArticle(phrase: string): string {
  return `${/^[aeiou8]/i.test(phrase) ? 'an' : 'a'} ${phrase}`;
}

/** A sentence: capital letter, full stop. */
export function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
