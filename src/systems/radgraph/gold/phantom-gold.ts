/** Reports whose annotation is known, since the phantom's grammar wrote both at once. */

import { annotateStudy, openPhantom, radgraphOf, writeReport } from '../../../datasets';
import { draws, radgraphReport } from '../../../datasets/internal';
import { foldIn, key } from '../../../engine';
import type { RadGraphReport } from '../annotation';
import type { AnnotatedDocument } from '../schema/files';
import { doubted, mistyped, readWording, reworded, type WordingPart } from './rewording';

export interface GoldOptions {
  readonly count: number;
  /** Of the patients and of all that is changed in their texts. */
  readonly seed: number;
  /**
   * Of free reports FINDINGS and IMPRESSION together; or one of the two, of every other study (`section`); or impressions with what opens them; or short prompts in
   * a fixed form.
   */
  readonly style: 'report' | 'section' | 'impression' | 'prompt';
  readonly wording: WordingPart;
  /** Words with a typing error, a fraction of those of four letters or more. */
  readonly typos: number;
  /** Sentences that come to say that a finding may be there, a fraction of those that could. 0: as rare as the grammar has them. */
  readonly doubt: number;
  /** `train`, `dev` or `test`. */
  readonly split: string;
}

/**
 * Annotated reports of phantom patients.
 *
 * @throws RangeError where a rate is no fraction, or the count is not a whole number from 1
 */
export async function phantomGold(options: GoldOptions): Promise<AnnotatedDocument[]> {
  const { count, seed, style, wording: part, typos, doubt, split } = options;
  for (const [name, rate] of Object.entries({ typos, doubt }))
    if (!(rate >= 0 && rate <= 1)) throw new RangeError(`phantomGold: ${name}: expected a fraction from 0 to 1, got ${rate}`);
  const phantom = openPhantom({ seed, count, style: style === 'prompt' ? 'prompt' : 'impression', views: ['PA', 'AP', 'LATERAL'] });
  const wording = await readWording();
  return Array.from({ length: count }, (_, i) => {
    const random = draws(foldIn(foldIn(key(seed), 7000), i));
    let report: RadGraphReport = writtenOf(phantom.study(i), style === 'section' && i % 2 === 0 ? 'findings' : style, split);
    if (doubt > 0) report = doubted(report, doubt, wording, random);
    if (part !== 'grammar') report = reworded(report, part, wording, random);
    if (typos > 0) report = mistyped(report, typos, random);
    return { key: `phantom/${seed}/${String(i).padStart(6, '0')}.txt`, annotations: [report] };
  });
}

function writtenOf(study: Parameters<typeof annotateStudy>[0], style: GoldOptions['style'] | 'findings', split: string): RadGraphReport {
  if (style === 'report') return radgraphOf(writeReport(study), split);
  if (style === 'findings') return radgraphReport([writeReport(study).findings], split);
  return radgraphReport([annotateStudy(study, style === 'prompt' ? 'prompt' : 'impression')], split);
}
