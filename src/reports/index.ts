/** The text of reports: sections, impressions to learn from, labels by rules. */

export { type ImpressionSelection, selectImpressions, type TokenCounter } from './impressions';
export {
  type Label,
  type LabelOptions,
  type LabelScheme,
  labelClasses,
  labelReport,
  labelReports,
  type Mention,
  type ReportLabels,
  type Span,
} from './label';
export { cleanText, type ReportSections, reportSections, type Section, type SectionKind } from './sections';
