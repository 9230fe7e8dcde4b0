/**
 * Instructions that contradict what happened, or themselves: a finding of the prior image is told to have resolved, to be larger, and both at once; and one that is
 * not there is told to have resolved. The paper's reviewers asked for the first; the exact counterfactual of each is known here but of the third.
 */

import { type Finding, renderCounterfactual, type Study, studyChanges, writeProgression } from '../../datasets';
import { bootstrap, type Draws, type Estimate, meanOver, shareOf } from '../estimate';
import type { ResultTable } from '../result';
import type { JourneyTruth } from './truth';

/** What a prior image is told to become. */
export interface Instruction {
  readonly text: string;
  /** What it then has; none where the text contradicts itself. */
  readonly findings?: readonly Finding[];
}

/** One prior image with a finding that can become larger. */
export interface OppositeCase {
  /** Of the journeys. */
  readonly journey: number;
  /** The finding's kind. */
  readonly finding: string;
  readonly resolved: Instruction;
  readonly larger: Instruction;
  readonly both: Instruction;
  /** Told of a finding that is not there. */
  readonly absent: Instruction;
}

export const TOLD = ['resolved', 'larger', 'both', 'absent'] as const;
export type Told = (typeof TOLD)[number];

const TITLES: Readonly<Record<Told, string>> = {
  resolved: 'has resolved',
  larger: 'is larger',
  both: 'has resolved and is larger',
  absent: 'has resolved, which was not there',
};

/** The largest that a finding is told to become. */
const LARGEST = { grade: 2, amount: 0.9 } as const;

/** One change of a study in words, with nothing said of the rest. */
const told = (prior: Study, later: Study, before: readonly Finding[], after: readonly Finding[]): string =>
  writeProgression({ ...prior, findings: before }, { ...later, view: prior.view, findings: after }).text;

function caseOf(truth: JourneyTruth, journey: number): OppositeCase | undefined {
  const { prior, later } = truth.studies(journey);
  for (const finding of prior.findings) {
    const grown: Finding = { ...finding, ...LARGEST };
    if (!truth.findings.includes(finding.kind) || studyChanges([finding], [grown])[0]!.kind !== 'larger') continue;
    const others = prior.findings.filter((other) => other !== finding);
    const texts = { resolved: told(prior, later, [finding], []), larger: told(prior, later, [finding], [grown]) };
    const stranger = strangerOf(truth, journey, prior);
    if (!stranger) continue;
    return {
      journey,
      finding: finding.kind,
      resolved: { text: texts.resolved, findings: others },
      larger: { text: texts.larger, findings: prior.findings.map((one) => (one === finding ? grown : one)) },
      both: { text: `${texts.resolved} ${texts.larger}` },
      absent: { text: told(prior, later, [stranger], []), findings: prior.findings },
    };
  }
  return undefined;
}

/** A finding of the next patients of a kind that this one's prior image does not have. */
function strangerOf(truth: JourneyTruth, journey: number, prior: Study): Finding | undefined {
  for (let step = 1; step < truth.count; step++) {
    const { findings } = truth.studies((journey + step) % truth.count).prior;
    const stranger = findings.find(({ kind }) => truth.findings.includes(kind) && prior.findings.every((own) => own.kind !== kind));
    if (stranger) return stranger;
  }
  return undefined;
}

/** The test journeys whose prior image has a finding that can become larger. */
export function oppositeCases(truth: JourneyTruth): OppositeCase[] {
  return Array.from({ length: truth.count }, (_, i) => caseOf(truth, i)).filter((one) => one !== undefined);
}

export interface OppositesOptions {
  readonly truth: JourneyTruth;
  /** The model's edits of these priors by these texts. */
  readonly edit: (priors: Float32Array, texts: readonly string[], what: string) => Promise<Float32Array>;
  /** The probability of a finding, of each image. */
  readonly presenceOf: (finding: string, pixels: Float32Array) => Float64Array;
  readonly draws: Draws;
}

export interface Opposites {
  readonly table: ResultTable;
  /** How often a finding is less likely after "resolved" than after "larger": of the edits, and of exact images. */
  readonly obeyed: { readonly edited: Estimate; readonly exact: Estimate };
  readonly cases: readonly OppositeCase[];
  /** Of each case, in the order of `TOLD`; not all of them need be looked at. */
  readonly results: Readonly<Record<Told, Float32Array>>;
}

/** Of each case's own finding. */
function presences(cases: readonly OppositeCase[], pixels: Float32Array, { presenceOf, truth }: OppositesOptions): Float64Array {
  const area = truth.size ** 2;
  const out = new Float64Array(cases.length);
  for (const finding of new Set(cases.map((one) => one.finding))) {
    const rows = cases.flatMap((one, i) => (one.finding === finding ? [i] : []));
    const own = new Float32Array(rows.length * area);
    rows.forEach((row, i) => {
      own.set(pixels.subarray(row * area, (row + 1) * area), i * area);
    });
    presenceOf(finding, own).forEach((value, i) => {
      out[rows[i]!] = value;
    });
  }
  return out;
}

/** @returns undefined where no prior image has a finding that can become larger */
export async function opposites(options: OppositesOptions): Promise<Opposites | undefined> {
  const { truth, edit, draws } = options;
  const cases = oppositeCases(truth);
  if (cases.length === 0) return undefined;
  const area = truth.size ** 2;
  const together = (imageOf: (one: OppositeCase) => Float32Array): Float32Array => {
    const out = new Float32Array(cases.length * area);
    for (const [i, one] of cases.entries()) out.set(imageOf(one), i * area);
    return out;
  };
  const priors = together(({ journey }) => truth.priors.subarray(journey * area, (journey + 1) * area));
  const before = presences(cases, priors, options);
  const mean = (values: ArrayLike<number>): Estimate => bootstrap(cases.length, meanOver(values), draws);
  const results: Partial<Record<Told, Float32Array>> = {};
  const found: Partial<Record<Told, { edited: Float64Array; exact?: Float64Array }>> = {};
  const rows: ResultTable['rows'][number][] = [];
  for (const which of TOLD) {
    const texts = cases.map((one) => one[which].text);
    const made = await edit(priors, texts, `edits: ${TITLES[which]}`);
    const known = cases.every((one) => one[which].findings !== undefined);
    const exact = known
      ? together((one) =>
          Float32Array.from(renderCounterfactual(truth.studies(one.journey).prior, one[which].findings!, truth.size), (grey) => grey / 255),
        )
      : undefined;
    const edited = presences(cases, made, options);
    const best = exact && presences(cases, exact, options);
    results[which] = made;
    found[which] = { edited, ...(best && { exact: best }) };
    rows.push({
      'the finding': TITLES[which],
      images: cases.length,
      'found before': mean(before),
      'found in the edit': mean(edited),
      'found in the exact image': best ? mean(best) : null,
      'error to the exact image': exact ? mean(errors(made, exact, area)) : null,
      'error of the prior, copied': exact ? mean(errors(priors, exact, area)) : null,
    });
  }
  const share = (which: 'edited' | 'exact'): Estimate => {
    const [less, more] = [found.resolved![which]!, found.larger![which]!];
    return shareOf(less.filter((value, i) => value < more[i]!).length, cases.length);
  };
  return {
    table: {
      name: 'opposites',
      title:
        'One prior image, contradictory instructions: the mean probability of the finding, and the mean absolute error over all pixels',
      intervals: `95% bootstrap over images, ${draws.draws} draws`,
      rows,
    },
    obeyed: { edited: share('edited'), exact: share('exact') },
    cases,
    results: results as Record<Told, Float32Array>,
  };
}

/** Mean absolute error of each image. */
function errors(made: Float32Array, exact: Float32Array, area: number): Float64Array {
  return Float64Array.from({ length: made.length / area }, (_, i) => {
    let sum = 0;
    for (let k = i * area; k < (i + 1) * area; k++) sum += Math.abs(made[k]! - exact[k]!);
    return sum / area;
  });
}
