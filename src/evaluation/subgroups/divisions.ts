/** Groups of patients and images by what records say of them. */

import type { ImageRecord } from '../../datasets';

/** The images of a group, of those by one property. */
export interface Subgroup {
  /** Such as `sex`. */
  readonly division: string;
  /** Such as `F`. */
  readonly group: string;
  /** Numbers of the records. */
  readonly rows: Int32Array;
}

/** Upper ends of age bands in years, exclusive, as the phantom's groups have them. */
const BANDS: readonly (readonly [end: number, name: string])[] = [
  [18, 'below 18'],
  [40, '18-39'],
  [65, '40-64'],
  [Number.POSITIVE_INFINITY, '65+'],
];

function divisionsOf({ sex, age, view, groups }: ImageRecord): Record<string, string | undefined> {
  return {
    ...groups,
    ...(sex !== undefined && { sex }),
    ...(age !== undefined && { age: BANDS.find(([end]) => age < end)![1] }),
    ...(view !== undefined && { view }),
  };
}

/** All groups, by division and name; an image of which a property is not known is in no group of it. */
export function subgroupsOf(records: readonly ImageRecord[]): Subgroup[] {
  const rows = new Map<string, Map<string, number[]>>();
  records.forEach((record, i) => {
    for (const [division, group] of Object.entries(divisionsOf(record))) {
      if (group === undefined) continue;
      const groups = rows.get(division) ?? new Map<string, number[]>();
      rows.set(division, groups.set(group, [...(groups.get(group) ?? []), i]));
    }
  });
  return [...rows].flatMap(([division, groups]) =>
    [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, own]) => ({ division, group, rows: Int32Array.from(own) })),
  );
}
