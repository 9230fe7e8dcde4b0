/** The texts of studies as tokens. */

import type { Tokenizer } from '../../../tokenizers';
import { wordVocabulary } from '../../../tokenizers/internal';
import { tokenRows } from '../../../training/internal';
import type { SeiStudy } from '../annotation';
import type { TextTensors } from '../network/encode';

/** What stage 1 aligns images with: structural entities, or the whole report, for comparison. */
export const alignedTexts = ['structural', 'report'] as const;
export type AlignedText = (typeof alignedTexts)[number];

/** Core findings as one text, with the tokenizer's own mark between sentences; undefined where there are none. */
export const findingsText = (findings: readonly string[]): string | undefined =>
  findings.length === 0 ? undefined : findings.join(' [SEP] ');

/** What a study is aligned by; undefined where it teaches nothing. */
export const alignedText = ({ core_findings, report }: SeiStudy, by: AlignedText): string | undefined =>
  by === 'report' ? report : findingsText(core_findings);

/** Core findings of the best case; undefined where none was retrieved or it has none. */
export const caseText = ({ specific_knowledge: cases }: SeiStudy): string | undefined => findingsText(cases?.sk_keywords[0] ?? []);

/** The cleaned indication; undefined where there is none. */
export const indicationText = ({ indication_core_findings: parts }: SeiStudy): string | undefined => parts.join(' ').trim() || undefined;

/** A vocabulary of the words of studies to learn from. @throws RangeError where the size has no room for their characters */
export function studiesVocabulary(studies: readonly SeiStudy[], vocabularySize: number, maxLength: number): Tokenizer {
  const texts = studies.flatMap((study) => [study.report, study.core_findings.join(' '), indicationText(study) ?? '']);
  return wordVocabulary(texts, { vocabularySize, maxLength });
}

/** Texts of n studies: ids and mask, [n × length] each; of absent ones padding alone. */
export interface TextRows {
  readonly length: number;
  readonly ids: Int32Array;
  readonly mask: Int32Array;
  /** Texts that are longer. */
  readonly cut: number;
}

export function textRows(tokenizer: Tokenizer, texts: readonly (string | undefined)[]): TextRows {
  const { ids, mask, lostTokens } = tokenizer.encodeBatch(texts.map((text) => text ?? ''));
  const L = tokenizer.maxLength;
  texts.forEach((text, i) => {
    if (text !== undefined) return;
    ids.fill(tokenizer.padId, i * L, (i + 1) * L);
    mask.fill(0, i * L, (i + 1) * L);
  });
  return { length: L, ids, mask, cut: lostTokens.filter((lost) => lost > 0).length };
}

/** The chosen ones; the caller disposes them. */
export const textBatch = ({ ids, mask, length }: TextRows, chosen: Int32Array): TextTensors => ({
  ids: tokenRows(ids, chosen, length),
  mask: tokenRows(mask, chosen, length),
});
