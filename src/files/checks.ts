/** Checks of single values, for the shapes of `settings.ts`: `is.whole(1)`. */

/** Whether a value will do: undefined, or else what was expected. */
export type Check = (value: unknown) => string | undefined;

/** Beyond what a tensor's shape can hold. */
const MOST = 2 ** 31 - 1;

/** Any value: what is checked elsewhere, or changes nothing. */
export const anything: Check = () => undefined;
export const text: Check = (value) => (typeof value === 'string' ? undefined : 'a string');
export const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false');
export const object: Check = (value) => (isObject(value) ? undefined : 'an object');

export function whole(least: number, most: number = MOST): Check {
  return (value) => {
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return undefined;
    return `a whole number ${range(least, most, value)}`;
  };
}

/** A finite number, in a range if one is given. */
export function number(least: number = Number.NEGATIVE_INFINITY, most: number = Number.POSITIVE_INFINITY): Check {
  return (value) => {
    if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most) return undefined;
    return Number.isFinite(least) ? `a number ${range(least, most, value)}` : 'a number';
  };
}

/** A bound that is there only to catch nonsense is named where it is passed. */
function range(least: number, most: number, value: unknown): string {
  return most < MOST || (Number.isFinite(most) && (value as number) > most) ? `from ${least} to ${most}` : `from ${least}`;
}

export function oneOf(...values: readonly unknown[]): Check {
  return (value) => (values.includes(value) ? undefined : values.map((one) => JSON.stringify(one)).join(' or '));
}

export function either(one: Check, other: Check): Check {
  return (value) => {
    const [first, second] = [one(value), other(value)];
    return first !== undefined && second !== undefined ? `${first}, or ${second}` : undefined;
  };
}

/** A list, of a length if one is given. */
export function list(each: Check, least: number = 0, most: number = Number.POSITIVE_INFINITY): Check {
  return (value) => {
    if (!Array.isArray(value)) return ['a list', each(undefined)].filter(Boolean).join(', each ');
    if (value.length < least || value.length > most)
      return `a list of ${least === most ? least : Number.isFinite(most) ? `${least} to ${most}` : `at least ${least}`}, not of ${value.length}`;
    const expected = value.map(each).find((one) => one !== undefined);
    return expected === undefined ? undefined : `a list, each ${expected}`;
  };
}

/** An object of any keys. */
export function record(each: Check): Check {
  return (value) => {
    const expected = isObject(value) ? Object.values(value).map(each) : [each(undefined)];
    return expected.every((one) => one === undefined) && isObject(value) ? undefined : `an object, each value ${expected.find(Boolean)}`;
  };
}

/** A value of the type of a default: a finite number or the default itself, a string, true or false, or a list of such. */
export function like(standard: unknown): Check {
  if (typeof standard === 'number') return (value) => (value === standard ? undefined : number()(value));
  if (Array.isArray(standard)) return list(like(standard[0] ?? 0));
  return typeof standard === 'boolean' ? flag : text;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value for an error. */
export const shown = (value: unknown): string =>
  typeof value === 'number' ? String(value) : (JSON.stringify(value)?.slice(0, 100) ?? 'nothing');
