/** The sections of a report, by its headings. */

/** `other`: text before the first heading, or under one that tells neither. */
export type SectionKind = 'impression' | 'findings' | 'indication' | 'comparison' | 'technique' | 'other';

export interface Section {
  readonly kind: SectionKind;
  /** As it stands in the report, without the colon; '' for text before the first heading, or where there is none. */
  readonly heading: string;
  /** Characters of the report's text below the heading, `end` exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface ReportSections {
  /** The text of each section on one line without blanks of de-identification; undefined where there is none. Of several of a kind the last one that is not empty. */
  readonly impression?: string;
  readonly findings?: string;
  readonly indication?: string;
  readonly comparison?: string;
  readonly technique?: string;
  /** The last paragraph, where the report has no headings at all: reports without them end with what matters. */
  readonly lastParagraph?: string;
  /** All, in order. */
  readonly sections: readonly Section[];
}

/** Words in capitals and a colon, at the beginning of a line. */
const HEADING = /^[^\S\n]*([A-Z][A-Z0-9 ,/&()'-]*[A-Z)])[^\S\n]*:/gm;

/** Wordings of headings, tried in this order on the heading's words. */
const KINDS: readonly (readonly [Exclude<SectionKind, 'other'>, RegExp])[] = [
  ['impression', /\b(IMPRESSIONS?|CONCLUSIONS?|OPINION|SUMMARY|ASSESSMENT|DIAGNOSIS|INTERPRETATION)\b/],
  ['findings', /\b(FINDINGS?|OBSERVATIONS?|REPORT|DESCRIPTION)\b/],
  ['comparison', /\b(COMPARISONS?|COMPARED|PRIORS?)\b/],
  ['indication', /\b(INDICATIONS?|HISTORY|REASON|CLINICAL|COMPLAINT|PATIENT INFORMATION|CONDITION)\b/],
  ['technique', /\b(TECHNIQUES?|PROCEDURES?|VIEWS?|EXAM|EXAMINATION|STUDY|PROTOCOL)\b/],
];

/**
 * Finds the sections of a report as MIMIC-CXR's are laid out (doi:10.1038/s41597-019-0322-0): a heading in capitals with a colon begins a line. A heading of two kinds, such as
 * FINDINGS AND IMPRESSION, is an impression.
 */
export function reportSections(report: string): ReportSections {
  const sections: Section[] = [];
  let [heading, start] = ['', 0];
  const close = (end: number): void => {
    if (heading !== '' || report.slice(start, end).trim() !== '') sections.push({ kind: kindOf(heading), heading, start, end });
  };
  for (const match of report.matchAll(HEADING)) {
    close(match.index);
    [heading, start] = [match[1]!, match.index + match[0].length];
  }
  close(report.length);
  const textOf = (kind: SectionKind): string | undefined => {
    const texts = sections.filter((section) => section.kind === kind).map((section) => cleanText(report.slice(section.start, section.end)));
    return texts.filter((text) => text !== '').at(-1);
  };
  const bare = sections.length === 1 && sections[0]!.heading === '';
  const paragraphs = bare ? report.split(/\n[^\S\n]*\n/).map(cleanText) : [];
  return {
    impression: textOf('impression'),
    findings: textOf('findings'),
    indication: textOf('indication'),
    comparison: textOf('comparison'),
    technique: textOf('technique'),
    lastParagraph: paragraphs.filter((text) => text !== '').at(-1),
    sections,
  };
}

function kindOf(heading: string): SectionKind {
  return KINDS.find(([, words]) => words.test(heading))?.[0] ?? 'other';
}

/** What de-identification leaves: `___` of MIMIC-CXR, `[** … **]` of MIMIC-III, XXXX of Open-i, and marks that then stand alone. */
const BLANKS = /\[\*\*.*?\*\*\]|_{2,}|\bX{3,}\b/gs;

/** A text on one line, without blanks of de-identification: what a model reads. */
export function cleanText(text: string): string {
  return text
    .replace(BLANKS, ' ')
    .replace(/\(\s*\)/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ ([.,;:!?])/g, '$1')
    .trim();
}
