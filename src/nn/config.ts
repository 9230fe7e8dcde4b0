/** Reading of Hugging Face configs: defaults filled in, and values that this library does not compute refused rather than ignored. */

/** For each known key: the values that are computed, or undefined if any value is taken (and checked, if need be, elsewhere). */
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
  const defined = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
  return { ...defaults, ...defined };
}

/**
 * A value for each of `n` blocks, from one for all or a list.
 *
 * @throws RangeError where a list has another length
 */
export function perBlock<T>(where: string, value: T | readonly T[], n: number): T[] {
  if (!Array.isArray(value)) return new Array<T>(n).fill(value as T);
  if (value.length !== n) throw new RangeError(`${where}: expected one value for each of ${n} blocks, got ${show(value)}`);
  return [...value];
}

/** The most that a size can be: what a tensor's shape can hold. */
const MOST = 2 ** 31 - 1;
/** The most layers, blocks of a level, and the like: far beyond any network, few enough that their description is made at once. */
export const MOST_LAYERS = 1000;
/** The most levels of a U-Net or an autoencoder; each halves the image. */
const MOST_LEVELS = 16;

const show = (value: unknown): string => (typeof value === 'number' ? String(value) : (JSON.stringify(value)?.slice(0, 100) ?? 'nothing'));

/** @throws RangeError where a value is not a whole number from 1 to `most`, naming its key */
export function expectPositiveIntegers(where: string, values: Readonly<Record<string, unknown>>, most: number = MOST): void {
  for (const [key, value] of Object.entries(values)) {
    const expected =
      !Number.isInteger(value) || (value as number) <= 0 ? 'a whole number > 0' : (value as number) > most ? `at most ${most}` : '';
    if (expected) throw new RangeError(`${where}: config key "${key}": expected ${expected}, got ${show(value)}`);
  }
}

/** @throws RangeError where a value is not a finite number from `least` on, naming its key */
export function expectNumbers(where: string, values: Readonly<Record<string, unknown>>, least: number = Number.NEGATIVE_INFINITY): void {
  for (const [key, value] of Object.entries(values)) {
    if (typeof value === 'number' && Number.isFinite(value) && value >= least) continue;
    const expected = Number.isFinite(least) ? `a number from ${least}` : 'a number';
    throw new RangeError(`${where}: config key "${key}": expected ${expected}, got ${show(value)}`);
  }
}

/** @throws RangeError where a value is not a list with one entry for each of a few levels, naming its key */
export function expectLevels(where: string, values: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(values)) {
    if (!Array.isArray(value) || value.length === 0)
      throw new RangeError(`${where}: config key "${key}": expected a list with an entry for each level, got ${show(value)}`);
    if (value.length > MOST_LEVELS)
      throw new RangeError(`${where}: config key "${key}": expected at most ${MOST_LEVELS} levels, got ${value.length}`);
  }
}

/** @throws RangeError where group norm cannot divide the channels, naming the key */
export function expectGroups(where: string, groups: number, channels: readonly number[]): void {
  for (const count of channels) {
    if (count % groups !== 0) throw new RangeError(`${where}: norm_num_groups is ${groups}, which does not divide ${count} channels`);
  }
}
