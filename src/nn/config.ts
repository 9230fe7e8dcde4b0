/** What the configs of several networks have in common. */

/** The most layers, blocks of a level, and the like: far beyond any network, few enough that their description is made at once. */
export const MOST_LAYERS = 1000;

/**
 * A value for each of `n` blocks, from one for all or a list.
 *
 * @throws RangeError where a list has another length
 */
export function perBlock<T>(where: string, value: T | readonly T[], n: number): T[] {
  if (!Array.isArray(value)) return new Array<T>(n).fill(value as T);
  if (value.length !== n) throw new RangeError(`${where}: expected one value for each of ${n} blocks, got ${JSON.stringify(value)}`);
  return [...value];
}

/** @throws RangeError where group norm cannot divide the channels, naming the key */
export function expectGroups(where: string, groups: number, channels: readonly number[]): void {
  for (const count of channels) {
    if (count % groups !== 0) throw new RangeError(`${where}: norm_num_groups is ${groups}, which does not divide ${count} channels`);
  }
}
