/** Labels of a report by its entities: which class an entity's words name, and whether the entity says that it is there. */

import { type Label, type LabelScheme, labelClasses, labelReport } from '../../reports';
import type { RadGraphReport } from './annotation';
import { labelMeaning } from './schema/labels';

const VALUE = { present: 1, uncertain: -1, absent: 0 } as const;

/**
 * 1 where an entity says that a class is there, -1 where at most that it may be, 0 where that it is not; of several the strongest. Classes come from the rules of
 * `labelReport` on the entity's words with those that modify it or say where it is, certainty from the network alone.
 */
export function labelsOfEntities({ entities }: RadGraphReport, scheme: LabelScheme): Record<string, Label> {
  const found: Record<string, Label> = {};
  for (const [key, entity] of Object.entries(entities)) {
    const { what, certainty } = labelMeaning(entity.label) ?? {};
    if (what !== 'observation' || certainty === undefined) continue;
    const around = [
      ...Object.values(entities).filter(({ relations }) => relations.some(([kind, target]) => kind === 'modify' && target === key)),
      ...entity.relations.flatMap(([kind, target]) => (kind === 'located_at' ? [entities[target]!] : [])),
    ];
    const words = [...around, entity].sort((a, b) => a.start_ix - b.start_ix).map(({ tokens }) => tokens);
    for (const { class: name, value } of labelReport(words.join(' '), { scheme }).mentions)
      if (value === 1) found[name] = stronger(found[name], VALUE[certainty]);
  }
  return found;
}

const ORDER: readonly Label[] = [1, -1, 0];
const stronger = (a: Label | undefined, b: Label): Label => (a === undefined ? b : ORDER.find((value) => value === a || value === b)!);

/** How the labels that follow from entities agree with those that reports have. */
export interface LabelAgreement {
  readonly scheme: LabelScheme;
  /** Of reports with a known label. */
  readonly reports: number;
  readonly classes: readonly string[];
  /** Of what is there, micro over classes. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Of all pairs of a report and a class. */
  readonly equal: number;
}

/** A report with the labels that are known of it: 1 there, 0 not. */
export type LabelledReport = readonly [report: RadGraphReport, labels: Readonly<Record<string, 0 | 1>>];

/**
 * In the scheme that has more of the labels' classes, without its class for nothing found. What may be there counts as there in Open-i's scheme, as its gold labels have
 * it, and as not in CheXpert's.
 *
 * @returns undefined where no class is in either scheme
 */
export function agreementWithLabels(reports: readonly LabelledReport[]): LabelAgreement | undefined {
  const named = new Map(reports.flatMap(([, labels]) => Object.keys(labels).map((name) => [plain(name), name])));
  const common = (scheme: LabelScheme): string[] => labelClasses(scheme).filter((name) => named.has(plain(name)) && !CLEAR.includes(name));
  const scheme = common('openi14').length > common('chexpert').length ? 'openi14' : 'chexpert';
  const classes = common(scheme);
  if (classes.length === 0) return undefined;
  let [both, found, there, equal, all] = [0, 0, 0, 0, 0];
  for (const [report, labels] of reports) {
    const said = labelsOfEntities(report, scheme);
    for (const name of classes) {
      const label = labels[named.get(plain(name))!];
      if (label === undefined) continue;
      const [got, want] = [said[name] === 1 || (said[name] === -1 && scheme === 'openi14'), label === 1];
      both += Number(got && want);
      found += Number(got);
      there += Number(want);
      equal += Number(got === want);
      all++;
    }
  }
  const [precision, recall] = [found > 0 ? both / found : 0, there > 0 ? both / there : 0];
  const f1 = found + there > 0 ? (2 * both) / (found + there) : 0;
  return { scheme, reports: reports.length, classes, precision, recall, f1, equal: equal / Math.max(1, all) };
}

/** Data sets write `pleural thickening` for what the scheme calls `Pleural_Thickening`. */
const plain = (name: string): string => name.toLowerCase().replaceAll('_', ' ');
const CLEAR = ['No Finding', 'normal'];
