/** Where instructions come from: the records of a data set, and of the phantom also what is where and what changed. */

import {
  type AskedFinding,
  type Change,
  type FindingKind,
  type ImageRecord,
  type PhantomDataset,
  studyChanges,
  studyMasks,
  writeProgression,
} from '../../../datasets';
import { askedFindings } from '../../../datasets/internal';
import type { Radiographs } from '../../asking/radiographs';

/** Whole hundredths of the image's sides: left, top, right, bottom. */
export type PlacedBox = readonly [x1: number, y1: number, x2: number, y2: number];

/** A finding with its place in the image. */
export interface BoxedFinding {
  readonly name: string;
  /** With side and place in words. */
  readonly phrase: string;
  readonly box: PlacedBox;
}

/** How a finding of an earlier image fares: MS-CXR-T's words. */
export type Course = 'improving' | 'stable' | 'worsening';
export const courses: readonly Course[] = ['improving', 'stable', 'worsening'];

export interface InstructSource {
  readonly name: string;
  readonly records: readonly ImageRecord[];
  /** Of the image, from the data's folder. */
  path(i: number): string;
  /** The same patient's study before this one. */
  prior(i: number): number | undefined;
  /** What is known of each finding beyond its presence. */
  readonly findings?: (i: number) => readonly AskedFinding[];
  /** Findings with boxes. Takes long: of those that are asked for alone. */
  readonly boxes?: (i: number) => readonly BoxedFinding[];
  /** The course of findings since the study before, by CheXpert's labels or the findings' own names. */
  readonly courses?: (i: number) => readonly { readonly name: string; readonly course: Course }[];
  /** What changed since then, in words. */
  readonly progression?: (i: number) => string | undefined;
}

/** How findings of the phantom are called. */
const NAMES: Readonly<Partial<Record<FindingKind, string>>> = {
  effusion: 'pleural effusion',
  edema: 'pulmonary edema',
  nodule: 'pulmonary nodule',
  fracture: 'rib fracture',
};
export const nameOf = (kind: FindingKind): string => NAMES[kind] ?? kind;

/** Side of the images that boxes are found in, pixels: boxes are right to a hundredth and a half. Twice the side takes four times as long. */
const BOX_SIZE = 64;

const COURSE: Readonly<Partial<Record<Change['kind'], Course>>> = { larger: 'worsening', smaller: 'improving', unchanged: 'stable' };

/** Radiographs as what instructions come from. */
export function instructSource({ dataset, records }: Pick<Radiographs, 'dataset' | 'records'>): InstructSource {
  const phantom = dataset as Partial<PhantomDataset>;
  return phantom.study ? phantomSource(dataset as PhantomDataset, records) : datasetSource(dataset.name, records);
}

function phantomSource(phantom: PhantomDataset, records: readonly ImageRecord[]): InstructSource {
  const prior = (i: number): number | undefined => (i > 0 && phantom.study(i).number > 0 ? i - 1 : undefined); // a patient's studies follow each other
  const frontal = (i: number): boolean => phantom.study(i).view !== 'LATERAL';
  const bothFrontal = (i: number): number | undefined => {
    const before = prior(i);
    return before !== undefined && frontal(i) && frontal(before) ? before : undefined;
  };
  return {
    name: 'phantom',
    records,
    path: (i) => `images/${records[i]!.id}.png`,
    prior,
    findings: (i) => askedFindings(phantom.study(i)),
    boxes: once((i) =>
      studyMasks(phantom.study(i), BOX_SIZE).findings.flatMap(({ finding, box }) => {
        if (!box) return [];
        const hundredths = (pixels: number): number => Math.round((100 * pixels) / BOX_SIZE);
        const where = [frontal(i) ? finding.side : undefined, finding.lobe ?? finding.zone].filter((word) => word !== undefined);
        const name = nameOf(finding.kind);
        return [
          {
            name,
            phrase: [...where, name].join(' '),
            box: [hundredths(box.x), hundredths(box.y), hundredths(box.x + box.width), hundredths(box.y + box.height)] as const,
          },
        ];
      }),
    ),
    courses: (i) => {
      const before = bothFrontal(i);
      if (before === undefined) return [];
      const changes = studyChanges(phantom.study(before).findings, phantom.study(i).findings);
      const graded = changes.filter(({ finding }) =>
        askedFindings(phantom.study(i)).some(({ kind, grade }) => kind === finding.kind && grade !== undefined),
      );
      return graded.flatMap(({ kind, finding }) => {
        const course = COURSE[kind];
        const isOne = graded.filter((other) => other.finding.kind === finding.kind).length === 1;
        return course && isOne ? [{ name: nameOf(finding.kind), course }] : [];
      });
    },
    progression: (i) => {
      const before = bothFrontal(i);
      return before === undefined ? undefined : writeProgression(phantom.study(before), phantom.study(i)).text;
    },
  };
}

/** Values that are worked out once for each record. */
function once<T>(make: (i: number) => T): (i: number) => T {
  const known = new Map<number, T>();
  return (i) => {
    const value = known.get(i) ?? make(i);
    known.set(i, value);
    return value;
  };
}

/** Studies of a patient follow each other by their days, where these are known. */
function datasetSource(name: string, records: readonly ImageRecord[]): InstructSource {
  const before = new Map<number, number>();
  const dated = Array.from(records.keys()).filter((i) => records[i]!.day !== undefined && isFrontal(records[i]!));
  dated.sort((a, b) => compare(records[a]!.patient, records[b]!.patient) || records[a]!.day! - records[b]!.day! || a - b);
  dated.forEach((i, at) => {
    const last = dated.slice(0, at).findLast((j) => records[j]!.study !== records[i]!.study || records[j]!.study === undefined);
    if (last !== undefined && records[last]!.patient === records[i]!.patient && records[last]!.day! < records[i]!.day!) before.set(i, last);
  });
  return {
    name,
    records,
    path: (i) => records[i]!.file ?? records[i]!.id,
    prior: (i) => before.get(i),
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether an image was taken from the front; also one of which it is not known. */
export const isFrontal = ({ view = 'PA' }: ImageRecord): boolean => /^(pa|ap)$/i.test(view);
