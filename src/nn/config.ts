/** Reading of Hugging Face configs: defaults filled in, and values that this library does not compute refused rather than ignored. */

/** For each known key: the values that are computed, or undefined where any value is taken (and checked, if need be, elsewhere). */
export type KnownValues = Readonly<Record<string, readonly unknown[] | undefined>>;

/**
 * A config with its defaults. Keys that start with an underscore are notes of the program that wrote the file. A key that is not known
 * is passed over where it is null or false, which switch things off.
 *
 * @param where    the name of the network for errors
 * @param known    each known key, with the values that are computed
 * @param defaults the values of keys that the file leaves out
 * @throws RangeError naming the key, its value and what is computed
 */
export function completeConfig<C extends object>(where: string, config: object, known: KnownValues, defaults: C): C {
  for (const [key, value] of Object.entries(config)) {
    if (key.startsWith('_') || value === undefined) continue;
    if (!(key in known)) {
      if (value === null || value === false) continue;
      throw new RangeError(
        `${where}: config key "${key}" with value ${JSON.stringify(value)} is not known here, so the network would differ`,
      );
    }
    const computed = known[key];
    if (computed && !computed.some((allowed) => allowed === value)) {
      const list = computed.map((allowed) => JSON.stringify(allowed)).join(' or ');
      throw new RangeError(`${where}: config key "${key}": expected ${list}, got ${JSON.stringify(value)}, which is not supported`);
    }
  }
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
  return { ...defaults, ...given };
}

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

/** @throws RangeError where a value is not a whole number > 0, naming its key */
export function expectPositiveIntegers(where: string, values: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(values)) {
    if (!Number.isInteger(value) || (value as number) <= 0) {
      throw new RangeError(`${where}: config key "${key}": expected a whole number > 0, got ${JSON.stringify(value)}`);
    }
  }
}

/** @throws RangeError where group norm cannot divide the channels, naming the key */
export function expectGroups(where: string, groups: number, channels: readonly number[]): void {
  for (const count of channels) {
    if (count % groups !== 0) throw new RangeError(`${where}: norm_num_groups is ${groups}, which does not divide ${count} channels`);
  }
}
