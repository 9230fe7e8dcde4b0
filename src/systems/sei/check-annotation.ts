/** Whether the content of an annotation file of SEI is one. */

/** What is wrong with an annotation, and where. */
export class SeiAnnotationError extends RangeError {
  override readonly name = 'SeiAnnotationError';

  /**
   * @param split of the file; undefined where the file as a whole is wrong
   * @param study the image's id, or its place (`#3`, from 0) where it has none; undefined where the split as a whole is wrong
   * @param field such as `specific_knowledge.sk_ids`; undefined where the study as a whole is wrong
   */
  constructor(
    fault: string,
    readonly split?: string,
    readonly study?: string,
    readonly field?: string,
  ) {
    const place = [split && `split ${split}`, study && `study ${JSON.stringify(study)}`, field && `field ${field}`].filter(Boolean);
    super(place.length > 0 ? `${place.join(', ')}: ${fault}` : fault);
  }
}

type Fields = Readonly<Record<string, unknown>>;
/** Says what is expected, where a value is not that. */
type Check = (value: unknown) => string | undefined;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const expects =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? undefined : `expected ${expected}${value === undefined ? '; it is missing' : ''}`;

const filled = (value: unknown): boolean => isText(value) && value.trim() !== '';
const key = expects('a whole number or a text', (value) => filled(value) || Number.isInteger(value));
const text = expects('a text', isText);
const texts = expects('a list of texts', isTexts);

/** What each field must be, in the order in which faults are named. */
const FIELDS: Readonly<Record<string, Check>> = {
  id: expects('a text that is not empty', filled),
  study_id: key,
  subject_id: key,
  report: expects('a text that is not empty', filled),
  image_path: expects('a list with the path of one image or more', (value) => isTexts(value) && value.length > 0 && value.every(filled)),
  core_findings: texts,
  indication: text,
  impression: text,
  comparison: text,
  findings: text,
  examination: text,
  indication_core_findings: texts,
};
const KNOWLEDGE: Readonly<Record<string, Check>> = {
  sk_ids: texts,
  reports: texts,
  sk_keywords: expects('a list with a list of texts for each case', (value) => Array.isArray(value) && value.every(isTexts)),
};

/** Which study a file's entry belongs to: studies are numbered within a subject, or over all of them. */
const studyOf = ({ subject_id, study_id }: Fields): string => JSON.stringify([String(subject_id), String(study_id)]);

/** @throws SeiAnnotationError as `checkSeiAnnotation` says */
export function checkStudies(annotation: Fields, splits: readonly string[]): void {
  const expected = `expected the splits ${splits.join(', ')}, each with a list of studies`;
  for (const split of splits)
    if (!Array.isArray(annotation[split])) throw new SeiAnnotationError(`has no list of studies; ${expected}`, split);
  for (const split of Object.keys(annotation)) if (!splits.includes(split)) throw new SeiAnnotationError(`is unknown; ${expected}`, split);
  const studyById = new Map<string, string>();
  const splitOfStudy = new Map<string, string>();
  for (const [split, entry, name] of allStudies(annotation, splits)) {
    const fail = (fault: string, field?: string): never => {
      throw new SeiAnnotationError(fault, split, name, field);
    };
    const study: Fields = isObject(entry) ? entry : fail('expected an object');
    checkFields(study, FIELDS, '', fail);
    const { id } = study as { id: string };
    if (studyById.has(id)) fail('another image has the same', 'id');
    studyById.set(id, studyOf(study));
    const other = splitOfStudy.get(studyOf(study)) ?? split;
    if (other !== split) fail(`the study is in the split ${other} too`, 'study_id');
    splitOfStudy.set(studyOf(study), split);
    checkKnowledge(study.specific_knowledge, fail);
  }
  for (const [split, study, name] of allStudies(annotation, splits)) {
    const { specific_knowledge: knowledge } = study as { specific_knowledge?: { sk_ids: readonly string[] } };
    if (knowledge?.sk_ids.some((id) => studyById.get(id) === studyOf(study as Fields)))
      throw new SeiAnnotationError('names the study itself; expected cases of other studies', split, name, 'specific_knowledge.sk_ids');
  }
}

function* allStudies(annotation: Fields, splits: readonly string[]): Generator<[split: string, study: unknown, name: string]> {
  for (const split of splits)
    for (const [i, study] of (annotation[split] as readonly unknown[]).entries())
      yield [split, study, isObject(study) && filled(study.id) ? (study.id as string) : `#${i}`];
}

function checkFields(
  values: Fields,
  checks: Readonly<Record<string, Check>>,
  prefix: string,
  fail: (fault: string, field: string) => never,
): void {
  for (const [field, check] of Object.entries(checks)) {
    const fault = check(values[field]);
    if (fault !== undefined) fail(fault, prefix + field);
  }
}

function checkKnowledge(knowledge: unknown, fail: (fault: string, field: string) => never): void {
  const field = 'specific_knowledge';
  if (knowledge === undefined) return;
  const lists: Fields = isObject(knowledge) ? knowledge : fail('expected an object, or nothing', field);
  checkFields(lists, KNOWLEDGE, `${field}.`, fail);
  const [ids, ...others] = Object.keys(KNOWLEDGE).map((name) => (lists[name] as readonly unknown[]).length);
  if (others.some((length) => length !== ids)) fail(`expected lists of one length; got ${[ids, ...others].join(', ')}`, field);
}
