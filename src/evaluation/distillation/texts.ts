/** Texts that a text encoder is probed with, and what they say. */

import { type ImageRecord, openPhantom } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { labelReport } from '../../reports';
import type { Tokenizer } from '../../tokenizers';
import type { Bench } from '../bench';

export interface ProbeTexts {
  readonly texts: readonly string[];
  /** One for each text: patients are never divided between a probe's training and its test. */
  readonly patients: readonly string[];
  readonly findings: readonly string[];
  /** Of each text: finding → 1 said to be there (perhaps or surely), 0 not. */
  readonly labels: readonly Readonly<Record<string, 0 | 1>>[];
  /** Where texts and labels come from, in a sentence. */
  readonly definition: string;
  readonly notes: readonly string[];
}

/** Impressions drawn for each text that is kept: most are longer than a small model's window, and many say nothing but that all is well. */
const DRAWN_FOR_ONE = 12;
/** At most so many of the kept texts name no finding, as the paper holds back reports without findings (section 3). */
const WITHOUT_FINDING = 1 / 3;
/** Of the phantom's patients who train no model here. */
const PROBE_SEED = 3;

/**
 * Distinct texts that fit the tokenizers' windows: of the phantom its impressions, in many wordings and with negations, whose labels are its own parameters; of
 * other data the texts of both parts, by the data's labels, or where it has none by the labeler's (`labelReport`), whose "uncertain" counts as present.
 *
 * @param count how many at most
 */
export function probeTexts(bench: Bench, tokenizers: readonly Tokenizer[], count: number): ProbeTexts {
  const phantom = bench.data === 'phantom';
  const drawn = phantom
    ? recordsOf(openPhantom({ style: 'impression', seed: PROBE_SEED, count: count * DRAWN_FOR_ONE }))
    : [...recordsOf(bench.test), ...recordsOf(bench.train)];
  const distinct = [...new Map(drawn.map((record) => [record.text, record])).values()];
  const fits = distinct.map(() => true);
  for (const tokenizer of tokenizers)
    tokenizer.encodeBatch(distinct.map(({ text }) => text)).lostTokens.forEach((lost, i) => {
      if (lost > 0) fits[i] = false;
    });
  const whole = distinct.filter((_, i) => fits[i]);
  const known = whole.some(isLabelled);
  const labelled = whole
    .filter((record) => !known || isLabelled(record)) // where others have labels, one without says nothing
    .map((record): Labelled => ({ record, labels: known ? statedBy(record) : readFrom(record.text) }));
  const findings = [...new Set(labelled.flatMap(({ labels }) => Object.keys(labels)))];
  const names = ({ labels }: Labelled): boolean => Object.values(labels).includes(1);
  const [naming, others] = [labelled.filter(names), labelled.filter((one) => !names(one))];
  const rest = Math.min(others.length, Math.floor(count * WITHOUT_FINDING));
  const kept = [...evenly(naming, findings, count - rest), ...others.slice(0, rest)];
  const notes = [
    `Of ${distinct.length} distinct texts ${whole.length} fit the models' windows whole; ${kept.length} of those were taken, ${rest} of them without a finding.`,
  ];
  const source = phantom ? "the phantom's impressions" : `the texts of ${bench.data}`;
  const by = phantom ? "the phantom's own parameters" : known ? "the data's labels" : "the labeler's classes";
  return {
    texts: kept.map(({ record }) => record.text),
    patients: kept.map(({ record }) => record.patient),
    findings,
    labels: kept.map(({ labels }) => labels),
    definition: `Texts are ${source}, distinct, no longer than the tokenizers' windows, those of each finding in turn and at most a third without one; labels are ${by}, where uncertain counts as present and unmentioned as absent.`,
    notes,
  };
}

interface Labelled {
  readonly record: ImageRecord;
  readonly labels: Readonly<Record<string, 0 | 1>>;
}

/** Texts of each finding in turn, so that rare ones have enough to be measured. */
function evenly(naming: readonly Labelled[], findings: readonly string[], count: number): Labelled[] {
  const taken = new Set<Labelled>();
  const queues = findings.map((finding) => naming.filter(({ labels }) => labels[finding] === 1).values());
  for (let before = -1; taken.size < count && taken.size > before; ) {
    before = taken.size;
    for (const queue of queues) {
      if (taken.size === count) break;
      let next = queue.next();
      while (!next.done && taken.has(next.value)) next = queue.next();
      if (!next.done) taken.add(next.value);
    }
  }
  return [...taken];
}

const isLabelled = ({ labels, uncertain = [] }: ImageRecord): boolean => Object.keys(labels).length + uncertain.length > 0;

const statedBy = ({ labels, uncertain = [] }: ImageRecord): Record<string, 0 | 1> => ({
  ...labels,
  ...Object.fromEntries(uncertain.map((finding) => [finding, 1 as const])),
});

function readFrom(text: string): Record<string, 0 | 1> {
  const classes = Object.entries(labelReport(text).labels).filter(([name]) => name !== 'No Finding');
  return Object.fromEntries(classes.map(([name, value]) => [name, value === 1 || value === -1 ? 1 : 0]));
}
