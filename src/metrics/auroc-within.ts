import { auroc } from './auroc';
import type { ClassifierConfig } from './classifier';
import type { Classified } from './classify';
import type { Labelled } from './evaluate';

/** A finding's AUROC, and how much of it a confounder may have earned. NaN where a class is missing. */
export interface AurocWithin {
  readonly all: number;
  /** Among the images of one group, where the group says nothing. */
  readonly within: Readonly<Record<string, number>>;
  /** Of a classifier that knows an image's group and nothing else: it scores each with the fraction of its group that has the finding. */
  readonly groupAlone: number;
}

/**
 * The AUROC of a finding within groups that go with it, such as the views: what is left of it there, the finding has earned itself.
 *
 * @param records labels of the images, or of their prompts; those without the finding's label or without a group are left out
 * @param group   what may be a confounder
 * @throws RangeError where the classifier does not know the finding
 * @example aurocWithin(config, seen, records, 'endotracheal tube', ({ view }) => view).within.AP
 */
export function aurocWithin<R extends Labelled>(
  config: ClassifierConfig,
  seen: Classified,
  records: readonly R[],
  finding: string,
  group: (record: R) => string | undefined,
): AurocWithin {
  const f = config.findings.indexOf(finding);
  if (f < 0) throw new RangeError(`aurocWithin: finding: expected one of ${config.findings.join(', ')}, got ${finding}`);
  const images = records.flatMap((record, i) => {
    const [label, name] = [record.labels[finding], group(record)];
    return label === undefined || name === undefined ? [] : [{ label, name, score: seen.presence[i * config.findings.length + f]! }];
  });
  const area = (some: typeof images, score: (image: (typeof images)[number]) => number): number =>
    auroc(
      some.map(score),
      some.map(({ label }) => label),
    );
  const groups = new Map<string, typeof images>();
  for (const image of images) groups.set(image.name, [...(groups.get(image.name) ?? []), image]);
  const fraction = (name: string): number => {
    const members = groups.get(name)!;
    return members.filter(({ label }) => label === 1).length / members.length;
  };
  return {
    all: area(images, ({ score }) => score),
    within: Object.fromEntries([...groups].map(([name, members]) => [name, area(members, ({ score }) => score)])),
    groupAlone: area(images, ({ name }) => fraction(name)),
  };
}
