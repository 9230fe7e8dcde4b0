/** Changing the words of an annotated report so that its entities stay where their words are. */

import type { RadGraphEntity, RadGraphReport } from '../annotation';
import { tokensOf } from '../schema/tokens';

/** Tokens [from, to) become others, one at least. An entity that they lie in, or are, covers the new ones; what is put in between two (from = to) belongs to none. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly tokens: readonly string[];
}

/**
 * The report with its edits made. Those that overlap an earlier one are passed over, as are those that lie across an entity's edge.
 *
 * @param edits in any order
 */
export function rewrite(report: RadGraphReport, edits: readonly Edit[]): RadGraphReport {
  const tokens = tokensOf(report.text);
  const spans = Object.values(report.entities);
  const chosen: Edit[] = [];
  for (const edit of [...edits].sort((a, b) => a.from - b.from)) {
    const overlaps = edit.from < (chosen.at(-1)?.to ?? 0);
    if (!overlaps && !spans.some((span) => crosses(edit, span))) chosen.push(edit);
  }
  // Where each of the old tokens begins in the new text; of a token in an edit, where the edit begins, or ends.
  const [first, last] = [new Int32Array(tokens.length), new Int32Array(tokens.length)];
  const out: string[] = [];
  let next = 0;
  for (let i = 0; i < tokens.length; ) {
    const edit = chosen[next];
    if (edit?.from !== i) {
      [first[i], last[i]] = [out.length, out.length];
      out.push(tokens[i++]!);
      continue;
    }
    first.fill(out.length, edit.from, edit.to);
    out.push(...edit.tokens);
    last.fill(out.length - 1, edit.from, edit.to);
    i = edit.to; // of an insertion the same
    next++;
  }
  const entities = Object.entries(report.entities).map(([key, entity]): [string, RadGraphEntity] => {
    const [start, end] = [first[entity.start_ix]!, last[entity.end_ix]!];
    return [key, { ...entity, start_ix: start, end_ix: end, tokens: out.slice(start, end + 1).join(' ') }];
  });
  return { ...report, text: out.join(' '), entities: Object.fromEntries(entities) };
}

/** Whether an edit lies across an edge of an entity, so that its words could not be told apart; or, of an insertion, within one. */
function crosses({ from, to }: Edit, { start_ix: start, end_ix: end }: RadGraphEntity): boolean {
  if (from === to) return from > start && from <= end;
  const [apart, inside] = [to <= start || from > end, from >= start && to <= end + 1];
  return !apart && !inside;
}

/** A word with the capital letter that another one had. */
export const likeCase = (word: string, model: string): string =>
  /^\p{Lu}/u.test(model) ? `${word.charAt(0).toUpperCase()}${word.slice(1)}` : word;
