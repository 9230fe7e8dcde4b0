/** A study's whole report: INDICATION, COMPARISON, FINDINGS, IMPRESSION. */

import { foldIn, key } from '../../../engine';
import { draws, fill, sentence } from '../../procedural';
import { reportGrammar } from '../grammar';
import { impressionSentences } from '../impression';
import { promptSentences } from '../prompt';
import type { Study } from '../types';
import { type AnnotatedText, annotate } from './annotate';
import { findingsSentences } from './findings';
import { writeIndication } from './indication';

/** The sections of a report. What was asked and compared carries no entities: RadGraph annotates findings and impressions. */
export interface Report {
  readonly indication: string;
  readonly comparison: string;
  readonly findings: AnnotatedText;
  readonly impression: AnnotatedText;
}

function writeComparison(study: Study): string {
  const { none, some } = reportGrammar().report.comparison;
  const random = draws(foldIn(key(study.detail), 23));
  const days = study.daysSincePrior;
  return days === undefined ? fill(none, {}, random) : fill(some, { days: days === 1 ? '1 day' : `${days} days` }, random);
}

/**
 * Writes a study's report, from its parameters alone.
 *
 * The indication is a noisy cause of the findings (`INDICATION_RATES`) and names none of them. Every finding of the study is named in FINDINGS and in
 * IMPRESSION; both say only of what the view shows that it is absent or normal.
 */
export function writeReport(study: Study): Report {
  return {
    indication: sentence(writeIndication(study)),
    comparison: sentence(writeComparison(study)),
    findings: annotate(findingsSentences(study)),
    impression: annotate(impressionSentences(study, false)),
  };
}

/** A record's text (`openPhantom`) with its entities and labels: the same characters as `record(i).text`. */
export function annotateStudy(study: Study, style: 'prompt' | 'impression'): AnnotatedText {
  return annotate(style === 'prompt' ? promptSentences(study) : impressionSentences(study, true));
}
