/** The classes of entities and relations: of RadGraph (Jain et al. 2021, arXiv:2106.14463) and of RadGraph-XL (Delbrouck et al. 2024). */

/** What a class of entities says. */
export interface LabelMeaning {
  readonly what: 'anatomy' | 'observation';
  readonly certainty: 'present' | 'uncertain' | 'absent';
  /** RadGraph-XL tells sizes and numbers apart. */
  readonly measurement: boolean;
}

/** RadGraph's four classes of entities, in the order of its tables. */
export const radGraphLabels = ['ANAT-DP', 'OBS-DP', 'OBS-U', 'OBS-DA'] as const;

/** The kinds of relations there are, of both. */
export const relationKinds: readonly string[] = ['modify', 'located_at', 'suggestive_of'];

const CERTAINTY: Readonly<Record<string, LabelMeaning['certainty']>> = {
  DP: 'present',
  U: 'uncertain',
  DA: 'absent',
  'definitely present': 'present',
  uncertain: 'uncertain',
  'definitely absent': 'absent',
};

/** The meaning of a class's name (`OBS-DA`; of RadGraph-XL `Observation::definitely absent`), or undefined where there is no such class. */
export function labelMeaning(label: string): LabelMeaning | undefined {
  if ((radGraphLabels as readonly string[]).includes(label)) {
    const [what, certainty] = label.split('-') as [string, string];
    return { what: what === 'ANAT' ? 'anatomy' : 'observation', certainty: CERTAINTY[certainty]!, measurement: false };
  }
  const [, what, measurement, certainty] =
    /^(Anatomy|Observation)(::measurement)?::(definitely present|uncertain|definitely absent)$/.exec(label) ?? [];
  if (what === undefined) return undefined;
  return {
    what: what === 'Anatomy' ? 'anatomy' : 'observation',
    certainty: CERTAINTY[certainty!]!,
    measurement: measurement !== undefined,
  };
}
