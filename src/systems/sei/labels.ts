/** Studies by the findings that their reports name as present, by the library's rules: what retrieved cases are measured by. */

import { labelReport } from '../../reports';
import type { SeiStudy } from './annotation';
import { studyName } from './retrieve';
import { type KnownCase, type SharedFindings, sharedFindings } from './shared-findings';

/** A class that says that there is nothing. */
const NOTHING = 'No Finding';

export function knownCase(study: SeiStudy): KnownCase {
  const { labels } = labelReport(study.report);
  const findings = Object.entries(labels).flatMap(([label, value]) => (value === 1 && label !== NOTHING ? [label] : []));
  return { study: studyName(study), findings };
}

/**
 * How often the best cases of studies share a finding with them, against chance.
 *
 * @param history the studies that cases are from
 * @param studies with their cases
 */
export function sharedOfCases(history: readonly SeiStudy[], studies: readonly SeiStudy[]): SharedFindings {
  const row = new Map(history.map(({ id }, i) => [id, i]));
  return sharedFindings(
    history.map(knownCase),
    studies.map(knownCase),
    studies.map(({ specific_knowledge: cases }) => row.get(cases?.sk_ids[0] ?? '')),
  );
}
