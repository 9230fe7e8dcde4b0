/** Which impressions a model learns from, as RoentGen chose them (Chambon et al. 2022, arXiv:2211.12737, section 3). */

import { reportSections } from './sections';

/** Shorter impressions say nothing: characters, after cleaning. */
const FEWEST_CHARACTERS = 7;

/** What is asked of a tokenizer, such as those of `roentgen-lab/tokenizers`: how many tokens of a text do not fit its window (77 for CLIP). */
export interface TokenCounter {
  encode(text: string): { readonly lostTokens: number };
}

export interface ImpressionSelection {
  /** The impressions that were kept, each with the index of its report. */
  readonly kept: readonly { readonly index: number; readonly impression: string }[];
  /** Reports without an impression, nor a last paragraph in place of one. */
  readonly missing: number;
  /** Impressions of fewer than 7 characters. */
  readonly tooShort: number;
  /** Impressions with more tokens than the tokenizer's window. */
  readonly tooLong: number;
}

/**
 * Takes the impression of each report, cleaned (the last paragraph of one without headings), and leaves out what is shorter than 7 characters or longer than the tokenizer's window.
 *
 * @param tokenizer CLIP's, for RoentGen's rule of 77 tokens with its two special ones
 */
export function selectImpressions(reports: readonly string[], tokenizer: TokenCounter): ImpressionSelection {
  const kept: { index: number; impression: string }[] = [];
  let [missing, tooShort, tooLong] = [0, 0, 0];
  reports.forEach((report, index) => {
    const sections = reportSections(report);
    const impression = sections.impression ?? sections.lastParagraph;
    if (impression === undefined) missing++;
    else if (impression.length < FEWEST_CHARACTERS) tooShort++;
    else if (tokenizer.encode(impression).lostTokens > 0) tooLong++;
    else kept.push({ index, impression });
  });
  return { kept, missing, tooShort, tooLong };
}
