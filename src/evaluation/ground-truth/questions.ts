/** What can be asked of a phantom's image: every attribute that prompts give, as questions to a network. */

import type { AskedAttribute, AskedFinding, Dataset, FindingKind, PhantomDataset, Study } from '../../datasets';
import { askedAttributes, askedFindings, DEVICES } from '../../datasets/internal';
import { type Head, UNKNOWN } from '../../training/internal';

/** Groups of questions, each with a confusion table. */
export type Attribute = 'view' | 'finding' | 'device' | AskedAttribute;

export interface Question {
  readonly attribute: Attribute;
  /** Absent for the view. */
  readonly finding?: FindingKind;
  readonly head: Head;
  /** The number of the answer that a study's prompt gives, or -1 where it gives none. */
  answer(study: Study): number;
}

const ANSWERS: Readonly<Record<AskedAttribute, readonly string[]>> = {
  side: ['left', 'right'],
  grade: ['small or mild', 'moderate', 'large or severe'],
  zone: ['upper', 'mid', 'lower'],
  lobe: ['upper', 'middle', 'lower'],
};

/** The attributes in the order of tables. */
export const ATTRIBUTES: readonly Attribute[] = ['finding', 'device', 'side', 'lobe', 'zone', 'grade', 'view'];

/** All questions about studies with these findings and views. */
export function questionsOf(findings: readonly FindingKind[], views: readonly string[]): Question[] {
  const asked = new Map<Study, AskedFinding[]>(); // each study is asked many times
  const of = (study: Study): AskedFinding[] => {
    const known = asked.get(study) ?? askedFindings(study);
    asked.set(study, known);
    return known;
  };
  const presence = findings.map(
    (kind): Question => ({
      attribute: DEVICES.includes(kind) ? 'device' : 'finding',
      finding: kind,
      head: { name: kind, answers: ['absent', 'present'] },
      answer: (study) => (of(study).some((each) => each.kind === kind) ? 1 : 0),
    }),
  );
  const attributes = findings.flatMap((kind) =>
    askedAttributes(kind).map(
      (attribute): Question => ({
        attribute,
        finding: kind,
        head: { name: `${kind}: ${attribute}`, answers: ANSWERS[attribute] },
        answer(study) {
          const found = of(study).filter((each) => each.kind === kind);
          const value = found.length === 1 ? found[0]![attribute] : undefined; // of two, which one would be meant?
          if (value === undefined) return UNKNOWN;
          return typeof value === 'number' ? value : ANSWERS[attribute].indexOf(value);
        },
      }),
    ),
  );
  const view: Question[] =
    views.length < 2
      ? []
      : [{ attribute: 'view', head: { name: 'view', answers: views }, answer: (study: Study): number => views.indexOf(study.view) }];
  return [...presence, ...attributes, ...view];
}

/**
 * The parameters behind the first records of a dataset.
 *
 * @throws RangeError where it is not the phantom with short prompts
 */
export function studiesOf(dataset: Dataset, count: number): Study[] {
  const phantom = dataset as Partial<PhantomDataset>;
  if (!phantom.study)
    throw new RangeError(
      `ground truth: ${dataset.name}: only of drawn images is it known what is in them; evaluate a model of the phantom on the phantom (--data phantom)`,
    );
  if (phantom.population?.style !== 'prompt')
    throw new RangeError(
      'ground truth: impressions may leave open what they speak of; expected the phantom with short prompts: a recipe whose data.style is "prompt" (--recipe)',
    );
  return Array.from({ length: Math.min(count, dataset.length) }, (_, i) => phantom.study!(i));
}
