import { type Classified, classifiedRows } from './classify';
import type { Labelled } from './evaluate';
import { frechetDistance } from './frechet';

/** Images as the classifier sees them, with what their texts name. */
export interface ClassifiedSet {
  readonly seen: Classified;
  /** One for each image. */
  readonly records: readonly Labelled[];
}

/**
 * The Fréchet distance between the images of two sets whose texts name a finding, for each finding that two images of both sets have. Few images make
 * it larger: it is comparable with the distance of another set that has about as many.
 */
export function frechetByFinding(findings: readonly string[], a: ClassifiedSet, b: ClassifiedSet): Readonly<Record<string, number>> {
  const naming = ({ seen, records }: ClassifiedSet, finding: string): Classified =>
    classifiedRows(
      seen,
      records.flatMap(({ labels }, i) => (labels[finding] === 1 ? [i] : [])),
    );
  const distances = findings.map((finding) => {
    const [x, y] = [naming(a, finding).features, naming(b, finding).features];
    return [finding, x.rows >= 2 && y.rows >= 2 ? frechetDistance(x, y) : undefined] as const;
  });
  return Object.fromEntries(distances.filter((one): one is [string, number] => one[1] !== undefined));
}
