/** Seeds of the phantom's patients with two studies: to learn from, and others to measure on. Single images have 1 and 2. */
export const JOURNEY_SEEDS = { train: 3, test: 4 } as const;
