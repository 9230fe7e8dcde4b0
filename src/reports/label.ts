/**
 * Labels of reports by rules: phrases that mention a finding, words around them that deny or doubt it, and one value per class.
 * After the method of CheXpert's labeler (Irvin et al. 2019, arXiv:1901.07031, appendix) and of NegBio (Peng et al. 2018, arXiv:1712.05898); the rules are our own.
 */

import { type Match, overlap, width } from './phrases';
import { labelerRules, type Naming, type Scheme } from './rules';
import { type Certainty, type Cue, decide, settleCues } from './scopes';
import { reportSections } from './sections';
import { sentencesOf, type Word } from './words';

/** The 14 classes of CheXpert, or those of Open-i's gold labels: 14 findings and `normal`. */
export type LabelScheme = 'chexpert' | 'openi14';

/** 1 is there, 0 is not, -1 may be; null where the report does not speak of it. */
export type Label = 1 | 0 | -1 | null;

/** Words of a report: characters of the text, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** One mention of a finding, and what the words around it make of it. */
export interface Mention {
  /** The class that it counts for. */
  readonly class: string;
  readonly value: 1 | 0 | -1;
  readonly words: Span;
  /** Words that deny or doubt it; undefined where none do. */
  readonly scope?: Span;
}

export interface ReportLabels {
  /** A value for every class of the scheme, in its order. */
  readonly labels: Readonly<Record<string, Label>>;
  /** In the order of the text. */
  readonly mentions: readonly Mention[];
}

export interface LabelOptions {
  /** `chexpert` if not given. */
  readonly scheme?: LabelScheme;
}

/** The classes of a scheme, in the order in which they are written. @throws RangeError where there is no such scheme */
export function labelClasses(scheme: LabelScheme): string[] {
  const { clear, classes } = schemeOf(scheme);
  return scheme === 'chexpert' ? [clear, ...Object.keys(classes)] : [...Object.keys(classes), clear];
}

/**
 * Labels a report, or a part of one such as its impression. Where the text has headings, indication, history, comparison and technique are not read: they tell what was asked.
 *
 * A class is positive if one mention is, else uncertain if one is, else negative. `No Finding` is 1 where no other class but `Support Devices` is positive or
 * uncertain; `normal` where besides nothing else abnormal is mentioned. In the scheme `chexpert` a finding said with reserve ("probable", "versus") is uncertain,
 * in `openi14` positive, as the gold labels have it.
 *
 * @returns all null for a text without words
 * @throws RangeError where there is no such scheme
 */
export function labelReport(text: string, { scheme: name = 'chexpert' }: LabelOptions = {}): ReportLabels {
  const scheme = schemeOf(name);
  const labels: Record<string, Label> = Object.fromEntries(labelClasses(name).map((label) => [label, null]));
  const mentions: Mention[] = [];
  let [spoken, clear] = [false, true];
  for (const { start, end } of partsToRead(text)) {
    for (const sentence of sentencesOf(text.slice(start, end))) {
      spoken = true;
      for (const found of findingsOf(sentence)) {
        const value = labelValue(found.certainty, scheme);
        if (value === null) continue;
        const classes = classesOf(scheme, found.observation);
        if (
          value !== 0 &&
          (classes.some((label) => !scheme.quiet.includes(label)) || (classes.length === 0 && scheme.clearOf === 'everything'))
        )
          clear = false;
        for (const label of classes) {
          labels[label] = stronger(labels[label]!, value);
          mentions.push({
            class: label,
            value,
            words: spanOf(text, start, sentence, found),
            scope: found.cue && spanOf(text, start, sentence, found.cue),
          });
        }
      }
    }
  }
  if (spoken && clear) labels[scheme.clear] = 1;
  return { labels, mentions };
}

/** Labels many reports, as `labelReport` does one. */
export function labelReports(texts: readonly string[], options: LabelOptions = {}): ReportLabels[] {
  return texts.map((text) => labelReport(text, options));
}

function schemeOf(name: LabelScheme): Scheme {
  const { schemes } = labelerRules();
  if (!(name === 'chexpert' || name === 'openi14'))
    throw new RangeError(`scheme: expected chexpert or openi14, got ${JSON.stringify(name)}`);
  return schemes[name];
}

/** Sections that tell what the image shows; all of a text that has none. */
function partsToRead(text: string): Pick<Span, 'start' | 'end'>[] {
  const { sections } = reportSections(text);
  return sections.filter(({ kind }) => kind === 'findings' || kind === 'impression' || kind === 'other');
}

interface Found extends Pick<Match<unknown>, 'from' | 'to'> {
  readonly observation: string;
  readonly certainty: Certainty;
  readonly cue?: Match<Cue>;
}

/** The mentions of a sentence, in order; of those of one observation that overlap, the longest. */
function findingsOf(words: readonly Word[]): Found[] {
  const cues: Match<Cue>[] = [];
  const namings: Match<Naming>[] = [];
  for (const { value, from, to } of labelerRules().find(words)) {
    if ('cue' in value) cues.push({ value: value.cue, from, to });
    else namings.push({ value: value.naming, from, to });
  }
  if (namings.length === 0) return [];
  const settled = settleCues(cues);
  namings.sort((a, b) => width(b) - width(a) || Number(b.value.as === 'except') - Number(a.value.as === 'except'));
  const kept: Match<Naming>[] = [];
  for (const naming of namings)
    if (!kept.some((other) => other.value.observation === naming.value.observation && overlap(other, naming))) kept.push(naming);
  return kept
    .filter(({ value }) => value.as !== 'except')
    .sort((a, b) => a.from - b.from)
    .map(({ value: { observation, as }, from, to }) => {
      if (as === 'absent') return { observation, certainty: 'absent', from, to };
      return { observation, from, to, ...decide(words, settled, { from, to }) };
    });
}

function labelValue(certainty: Certainty, scheme: Scheme): 1 | 0 | -1 | null {
  switch (certainty) {
    case 'present':
      return 1;
    case 'likely':
      return scheme.likely;
    case 'uncertain':
      return -1;
    case 'absent':
      return 0;
    case 'ignored':
      return null;
  }
}

function classesOf(scheme: Scheme, observation: string): string[] {
  return Object.keys(scheme.classes).filter((label) => scheme.classes[label]!.includes(observation));
}

/** Positive over uncertain over negative. */
function stronger(a: Label, b: 1 | 0 | -1): Label {
  if (a === 1 || b === 1) return 1;
  return a === -1 || b === -1 ? -1 : 0;
}

function spanOf(text: string, offset: number, words: readonly Word[], { from, to }: Pick<Match<unknown>, 'from' | 'to'>): Span {
  const [start, end] = [offset + words[from]!.start, offset + words[to - 1]!.end];
  return { start, end, text: text.slice(start, end) };
}
