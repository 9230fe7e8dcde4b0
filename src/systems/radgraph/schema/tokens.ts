/** How RadGraph's published networks split a report into tokens, as their code does it (package radgraph 0.1.18). */

/** `radgraph` is the first network's way; `radgraph-xl` that of RadGraph-XL and, by a test in the package that is always true, of all later ones. */
export type Tokenisation = 'radgraph' | 'radgraph-xl';

/** What Python takes for white space. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\p{Z}';
/** The class that the package writes as `[/,-,:,.,!?()]`, where `,-,` is a range of one: hyphens stay in words. */
const MARKS = '/,:.!?()';
const FIRST = new RegExp(`[${MARKS}]|[^${SPACE}${MARKS}]+`, 'gu');
/** NLTK's wordpunct_tokenize. */
const XL = new RegExp(`[\\p{L}\\p{N}_]+|[^${SPACE}\\p{L}\\p{N}_]+`, 'gu');

/** Escapes that stand in reports as two characters or more, and what the package puts in their place. */
const ESCAPES: readonly (readonly [string, string])[] = [
  ['\\n', '  '],
  ['\\f', '  '],
  ['\\u2122', '      '],
  ['\\"', '``'],
];
/** Runs of marks that are parted after all. */
const PARTED: readonly (readonly [string, string])[] = [
  [').', ') .'],
  ['%.', '% .'],
  [".'", ". '"],
  ['%,', '% ,'],
  ['%)', '% )'],
];

const replaceAll = (text: string, pairs: readonly (readonly [string, string])[]): string =>
  pairs.reduce((now, [from, to]) => now.replaceAll(from, to), text);

/** The tokens of a report; none of a text without any. */
export function radGraphTokens(text: string, tokenisation: Tokenisation): string[] {
  if (tokenisation === 'radgraph') return text.match(FIRST) ?? [];
  const runs = replaceAll(text, ESCAPES).match(XL) ?? [];
  return runs.flatMap((run) => replaceAll(run, PARTED).split(' '));
}

/** The tokens of an annotated report, between whose tokens blanks stand. */
export const tokensOf = (text: string): string[] => text.split(new RegExp(`[${SPACE}]+`, 'u')).filter(Boolean);
