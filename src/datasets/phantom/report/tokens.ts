/** RadGraph's tokens (Jain et al. 2021, arXiv:2106.14463): each of `/ , : . ! ? ( )` is one, and so is everything else between spaces. */

/** A token and where its characters begin. */
export interface Token {
  readonly text: string;
  readonly from: number;
}

/** The tokens of a text, as RadGraph's first model splits it: hyphens stay in words, `1.5` becomes three tokens. */
export function radgraphTokens(text: string): Token[] {
  return Array.from(text.matchAll(/[/,:.!?()]|[^\s/,:.!?()]+/g), (match) => ({ text: match[0], from: match.index }));
}
