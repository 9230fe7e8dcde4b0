/** Tokens as SEI makes them before RadGraph reads a report. */

/** Marks that become tokens of their own. Between two digits they belong to the number: `1.9`, `2/3`. */
const MARKS = /(?<!\p{Nd})[/;:,.!?()]|[/;:,.!?()](?!\p{Nd})/gu;

/** A text with a blank before and behind each mark, and no other space but single blanks. */
export const partMarks = (text: string): string => text.replace(MARKS, ' $& ').trim().split(/\s+/u).join(' ');

/** The tokens that RadGraph reads for SEI; none of a text without any. */
export const structuralTokens = (text: string): string[] => partMarks(text).split(' ').filter(Boolean);
