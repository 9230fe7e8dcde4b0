/** What a record holds of a report: the text to learn from, and its sections. */

import { type ReportSections, reportSections } from '../../reports';
import type { ImageRecord, RecordSections } from '../dataset';
import { isEmptyCell } from '../empty-cell';

const KINDS = ['findings', 'impression', 'indication', 'comparison', 'technique'] as const;

/** The sections that there are. */
export function filledSections(sections: RecordSections): RecordSections {
  const filled: { -readonly [Kind in keyof RecordSections]: string } = {};
  for (const kind of KINDS) if (sections[kind]) filled[kind] = sections[kind];
  return filled;
}

/** The impression (of a report without headings its last paragraph) and the sections of a report; undefined where nothing is concluded. */
export function reportRecord(report: string): Pick<ImageRecord, 'text' | 'sections'> | undefined {
  const sections: ReportSections = reportSections(report);
  const text = sections.impression ?? sections.lastParagraph;
  return text === undefined || isEmptyCell(text) ? undefined : { text, sections: filledSections(sections) };
}
