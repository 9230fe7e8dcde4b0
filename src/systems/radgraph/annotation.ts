/** Reports whose entities and relations are marked, in the schema of RadGraph (Jain et al. 2021, arXiv:2106.14463). */

export interface RadGraphEntity {
  /** Its words, as they stand in the report. */
  readonly tokens: string;
  /** Such as `OBS-DP`, an observation that is definitely present. */
  readonly label: string;
  /** First and last token of the report. */
  readonly start_ix: number;
  readonly end_ix: number;
  /** `modify`, `located_at`, `suggestive_of`, each with the key of an entity. */
  readonly relations: readonly (readonly [kind: string, target: string])[];
}

export interface RadGraphReport {
  /** Tokens with blanks between them. */
  readonly text: string;
  readonly entities: Readonly<Record<string, RadGraphEntity>>;
  /** Where the report is from. */
  readonly data_source?: string | null;
  /** `train`, `dev`, `test`, or `inference` where a network annotated it. */
  readonly data_split?: string;
}

/** How two sets agree. */
export interface SetAgreement {
  readonly shared: number;
  readonly first: number;
  readonly second: number;
  /** Of the first as a guess of the second. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Sums over pairs of sets, then precision, recall and F1; what there is nothing of counts as 0. */
export function agreementOf(pairs: readonly (readonly [ReadonlySet<string>, ReadonlySet<string>])[]): SetAgreement {
  let [shared, first, second] = [0, 0, 0];
  for (const [a, b] of pairs) {
    for (const item of a) if (b.has(item)) shared++;
    first += a.size;
    second += b.size;
  }
  const [precision, recall] = [first > 0 ? shared / first : 0, second > 0 ? shared / second : 0];
  return { shared, first, second, precision, recall, f1: precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0 };
}

/** Several values as one, equal where all of them are. */
export const asOne = (...values: readonly unknown[]): string => JSON.stringify(values);
