/**
 * The one checker of all that is set in JSON: recipes, settings of strategies, configs of networks and schedulers. A misspelt key would otherwise be a
 * setting that silently does nothing, so unknown keys are refused; notes, which are `comment` and keys that begin with an underscore, may stand anywhere.
 */

import { type Check, isObject, shown } from './checks';

/** A setting that may be absent, and the value that it has then. */
export interface Optional<T> {
  readonly entry: Check | ShapeOf<T>;
  readonly standard?: T;
  readonly optional: true;
}

/** The shape of an interface: one entry per key, `optional` where the interface says so. The compiler finds one that is forgotten. */
export type ShapeOf<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? Optional<Exclude<T[K], undefined>> : Check | ShapeOf<T[K]>;
};

/** The shape of an interface with a default for every key. */
export type Defaults<T> = { readonly [K in keyof T]: Optional<T[K]> & { readonly standard: T[K] } };

/** Further keys of a published format: those that change nothing (`anything`), and those with the values that are computed. */
export type PublishedKeys = Readonly<Record<string, Check>>;

/** A setting that may be absent. */
export function optional<T>(entry: Check | ShapeOf<NoInfer<T>>): Optional<T>;
/** A setting with a default. */
export function optional<T>(entry: Check | ShapeOf<NoInfer<T>>, standard: T): Optional<T> & { readonly standard: T };
export function optional<T>(entry: Check | ShapeOf<T>, standard?: T): Optional<T> {
  return { entry, standard, optional: true };
}

/** What the checker sees of a shape, whatever its interface. */
type Shape = { readonly [key: string]: Check | Shape | { readonly optional: true; readonly entry: Check | Shape } };

/**
 * Checks settings against their shape, to any depth.
 *
 * @param where     the file or place, for errors
 * @param published further keys, where the settings are a published config: an unknown key is then passed over if it is null or false, which switch
 *                  things off
 * @throws RangeError listing every key that is unknown, with the nearest one that there is, or missing, and every value that will not do
 */
export function checkSettings<T>(where: string, settings: unknown, shape: ShapeOf<T>, published?: PublishedKeys): void {
  const problems = isObject(settings)
    ? problemsOf(settings, shape as Shape, '', published)
    : [`expected an object, got ${shown(settings)}`];
  if (problems.length > 0) throw new RangeError(`${where}: ${problems.join('; ')}`);
}

/**
 * Settings with their defaults, and nothing else.
 *
 * @throws RangeError as `checkSettings`
 */
export function completeSettings<T extends object>(where: string, settings: object, shape: Defaults<T>, published?: PublishedKeys): T {
  checkSettings(where, settings, shape as unknown as ShapeOf<object>, published);
  const entries = Object.entries<Optional<unknown>>(shape).map(([key, { standard }]) => {
    const value = (settings as Record<string, unknown>)[key];
    return [key, value === undefined ? standard : value];
  });
  return Object.fromEntries(entries) as T;
}

/** A published config without the keys that are null, where null stands for the default. */
export function withoutNulls(config: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}

function problemsOf(settings: Readonly<Record<string, unknown>>, shape: Shape, above: string, published?: PublishedKeys): string[] {
  const unknown = Object.entries(settings).flatMap(([key, value]) => {
    if (isNote(key) || value === undefined || Object.hasOwn(shape, key)) return [];
    if (published === undefined) return `${above}${key} is unknown (${hint(key, Object.keys(shape))})`;
    if (Object.hasOwn(published, key)) return problemOf(value, published[key]!, `${above}${key}`);
    return value === null || value === false ? [] : `${above}${key} is unknown (${hint(key, Object.keys(shape), value)})`;
  });
  const others = Object.entries(shape).flatMap(([key, entry]) => {
    const [value, path] = [settings[key], `${above}${key}`];
    if (isOptional(entry)) return value === undefined ? [] : problemOf(value, entry.entry, path);
    return value === undefined ? `${path} is missing` : problemOf(value, entry, path);
  });
  return [...unknown, ...others];
}

function problemOf(value: unknown, entry: Check | Shape, path: string): string[] {
  if (typeof entry !== 'function' && isObject(value)) return problemsOf(value, entry, `${path}.`);
  const expected = typeof entry === 'function' ? entry(value) : 'an object';
  return expected === undefined ? [] : [`${path}: expected ${expected}, got ${shown(value)}`];
}

const isNote = (key: string): boolean => key === 'comment' || key.startsWith('_');
const isOptional = (entry: Shape[string]): entry is { readonly optional: true; readonly entry: Check | Shape } =>
  'optional' in entry && entry.optional === true;

/** What helps with an unknown key: the nearest one, else the list of them, or for a published config why it can't be passed over. */
function hint(key: string, keys: readonly string[], value?: unknown): string {
  const nearest = nearestKey(key, keys);
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  if (value !== undefined) return `the result may depend on its value, ${shown(value)}`;
  return `there are ${keys.join(', ') || 'none'}`;
}

/** The key that is meant by a misspelt one, or by its name in another case (batchSize for batch_size), if any is near. */
function nearestKey(key: string, keys: readonly string[]): string | undefined {
  const plain = (one: string): string => one.toLowerCase().replace(/[_-]/g, '');
  const typed = plain(key);
  let [nearest, least]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const candidate of keys) {
    const target = plain(candidate);
    const isPart = typed.length > 3 && target.startsWith(typed);
    const distance = isPart ? 1 : editDistance(typed, target);
    if (distance > 0.4 * Math.min(typed.length, target.length) || distance >= least) continue;
    [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Insertions, deletions and replacements from one word to another (Levenshtein 1966). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
