/** Outcomes by group of patients. */

export { evaluateSubgroups, type SubgroupGap, type SubgroupRow, type SubgroupsOptions, type SubgroupsResult } from './evaluate';
export type { GroupOutcome, OutcomeGap } from './gaps';
