/** How many edits lie between two sequences: Levenshtein's distance, with exchanges Damerau's; error rates of words and characters. */

/** A text's characters or words. */
type Sequence = ArrayLike<string>;

export interface EditOptions {
  /** Whether exchanging two neighbours is one edit, also where others come between them afterwards (Damerau 1964, without restriction). */
  readonly transpositions?: boolean;
}

/** Insertions, deletions and replacements, the fewest that make one sequence the other. */
export function editDistance(from: Sequence, to: Sequence, { transpositions = false }: EditOptions = {}): number {
  const width = to.length + 1;
  const table = new Int32Array((from.length + 1) * width);
  for (let i = 0; i <= from.length; i++) table[i * width] = i;
  for (let j = 0; j < width; j++) table[j] = j;
  const lastRow = new Map<string, number>();
  for (let i = 1; i <= from.length; i++) {
    let lastColumn = 0;
    for (let j = 1; j < width; j++) {
      const isSame = from[i - 1] === to[j - 1];
      const replaced = table[(i - 1) * width + j - 1]! + (isSame ? 0 : 1);
      let least = Math.min(replaced, table[(i - 1) * width + j]! + 1, table[i * width + j - 1]! + 1);
      const row = transpositions ? (lastRow.get(to[j - 1]!) ?? 0) : 0;
      if (row > 0 && lastColumn > 0) least = Math.min(least, table[(row - 1) * width + lastColumn - 1]! + i - row + j - lastColumn - 1);
      table[i * width + j] = least;
      if (isSame) lastColumn = j;
    }
    lastRow.set(from[i - 1]!, i);
  }
  return table[table.length - 1]!;
}

/** Edits for each element of the references, over all pairs: the word error rate of words, the character error rate of characters. */
export function errorRate(pairs: readonly { readonly candidate: Sequence; readonly reference: Sequence }[]): number {
  let [edits, elements] = [0, 0];
  for (const { candidate, reference } of pairs) {
    edits += editDistance(candidate, reference);
    elements += reference.length;
  }
  return edits / elements;
}
