/** Where a report's sentences end. */

/** The sentences of tokens: [from, to) with the full stop. A number's own stop ("1 . 9") ends none. */
export function sentencesOf(tokens: readonly string[]): [from: number, to: number][] {
  const out: [number, number][] = [];
  let from = 0;
  tokens.forEach((token, i) => {
    const inNumber = /^\d/.test(tokens[i - 1] ?? '') && /^\d/.test(tokens[i + 1] ?? '');
    if (token !== '.' || inNumber) return;
    out.push([from, i + 1]);
    from = i + 1;
  });
  if (from < tokens.length) out.push([from, tokens.length]);
  return out;
}
