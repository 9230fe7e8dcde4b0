import { escapeHtml } from '../escape';

const keywords = new Set(
  (
    'abstract any as asserts async await bigint boolean break case catch class const continue declare default delete do else ' +
    'enum export extends false finally for from function get if implements import in infer instanceof interface is keyof let ' +
    'namespace never new null number object of override private protected public readonly return satisfies set static string ' +
    'super switch symbol this throw true try type typeof undefined unknown var void while with yield'
  ).split(' '),
);

/** Pieces of TypeScript in the order in which they are tried; what none takes stays plain. */
const pieces = new RegExp(
  [
    /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))/,
    /(?<string>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|`(?:[^`\\]|\\[\s\S])*`)/,
    /(?<number>\b(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)n?\b)/,
    /(?<word>[$\p{L}_][$\p{L}\p{N}_]*)/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'giu',
);

/**
 * TypeScript, JavaScript or JSON as HTML with the classes `tok-comment`, `tok-string`, `tok-number`, `tok-keyword`, `tok-type` and
 * `tok-call`. It looks at words, not at the grammar: a regular expression that holds a quote is coloured as a string.
 */
export function highlight(code: string): string {
  let html = '';
  let last = 0;
  for (const piece of code.matchAll(pieces)) {
    html += escapeHtml(code.slice(last, piece.index));
    last = piece.index + piece[0].length;
    const kind = kindOf(piece.groups!, code, piece.index, last);
    html += kind ? `<span class="tok-${kind}">${escapeHtml(piece[0])}</span>` : escapeHtml(piece[0]);
  }
  return html + escapeHtml(code.slice(last));
}

function kindOf(groups: Record<string, string | undefined>, code: string, start: number, end: number): string | undefined {
  const { word } = groups;
  if (word === undefined) return ['comment', 'string', 'number'].find((name) => groups[name] !== undefined);
  const member = code[start - 1] === '.' && code[start - 2] !== '.'; // a name behind a dot is no keyword
  if (!member && keywords.has(word) && !/^\s*:(?!:)/.test(code.slice(end, end + 4))) return 'keyword';
  if (/^\s?\(/.test(code.slice(end, end + 2))) return 'call';
  return /^\p{Lu}\p{Ll}/u.test(word) ? 'type' : undefined;
}

/** Code in a fence of the language named: coloured where we know it, escaped where we do not. */
export function highlightAs(code: string, language: string): string {
  return /^(?:ts|tsx|js|jsx|json|typescript|javascript)$/i.test(language) ? highlight(code) : escapeHtml(code);
}
