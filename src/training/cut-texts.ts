/** Texts that are longer than a text encoder's window lose tokens; none does so without being counted. */

/** How many of a training's texts are cut. */
export interface CutTexts {
  readonly texts: number;
  readonly cut: number;
  /** Tokens that the encoder reads, special ones included. */
  readonly window: number;
}

/** A sentence where texts are cut; none where all are whole. */
export function cutNotes({ texts, cut, window }: CutTexts): string[] {
  return cut === 0 ? [] : [`${cut} of ${texts} texts are longer than ${window} tokens and are cut.`];
}

/** Texts that lost tokens, of those that each one lost (`Tokenizer.encodeBatch`). */
export function countCut(lostTokens: readonly number[]): number {
  return lostTokens.filter((tokens) => tokens > 0).length;
}
