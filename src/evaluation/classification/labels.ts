/** Labels of data and outputs of classifiers by one name. */

/** Names for the same finding; others are the same where letters are, without case and underscores. */
const SAME: Readonly<Record<string, string>> = {
  'pleural effusion': 'effusion',
  oedema: 'edema',
  'pulmonary edema': 'edema',
  'enlarged cardiomediastinum': 'widened mediastinum',
  'hiatal hernia': 'hernia',
  'healthy or no finding': 'no finding',
};

/** A label's one name: "Pleural Effusion" and "effusion" are one, "Pleural_Thickening" and "pleural thickening" too. */
export function canonicalLabel(name: string): string {
  const plain = name
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, ' ');
  return SAME[plain] ?? plain;
}

/** The five labels of the paper's "Filtered Avg". */
export const FILTERED: readonly string[] = ['Atelectasis', 'Cardiomegaly', 'Edema', 'Effusion', 'Pneumothorax'];

export interface MatchedLabel {
  /** As the data name it. */
  readonly label: string;
  /** The classifier's output of that name. */
  readonly output: number;
}

export interface MatchedLabels {
  readonly matched: readonly MatchedLabel[];
  /** Labels of the data that the classifier does not know. */
  readonly unmatched: readonly string[];
}

/** Which output of a classifier belongs to which label of the data. @throws RangeError where none does */
export function matchLabels(labels: readonly string[], outputs: readonly string[]): MatchedLabels {
  const known = outputs.map(canonicalLabel);
  const found = labels.map((label) => ({ label, output: known.indexOf(canonicalLabel(label)) }));
  const matched = found.filter(({ output }) => output >= 0);
  if (matched.length === 0)
    throw new RangeError(
      `classification: the classifier knows ${outputs.join(', ')}; the data have ${labels.join(', ') || 'no labels'}: none in common`,
    );
  return { matched, unmatched: found.filter(({ output }) => output < 0).map(({ label }) => label) };
}
