/** What a sample's `.json` says of its image, and how it is written. */

import { FileError } from '../../files';
import { is } from '../../files/internal';
import type { ImageRecord } from '../dataset';

type Told = Omit<ImageRecord, 'text' | 'file' | 'group'>;
type Check = (value: unknown) => string | undefined;

const zeroOrOne: Check = is.oneOf(0, 1);
const CHECKS: Readonly<Record<keyof Told, Check>> = {
  id: is.text,
  source: is.text,
  patient: is.text,
  study: is.text,
  day: is.number(),
  split: is.oneOf('train', 'validate', 'test'),
  view: is.text,
  age: is.number(0),
  sex: is.oneOf('M', 'F'),
  sections: is.record(is.text),
  groups: is.record(is.text),
  labels: is.record(zeroOrOne),
  uncertain: is.list(is.text),
  sides: is.record(is.oneOf('left', 'right')),
};
const KEYS = Object.keys(CHECKS) as (keyof Told)[];

/** What a sample without text has it under; other tools write these. */
const TEXTS = ['text', 'caption'];

/**
 * Reads it: the keys of a record, as far as they are there; other keys are passed over.
 *
 * @throws FileError where it is no JSON object or a record's key has another type; what it holds is not said
 */
export function readTold(shard: string, sample: number, json: string): Partial<Told & { text: string }> {
  const where = `sample ${sample}: its .json`;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new FileError(shard, `${where} is not valid JSON`, error);
  }
  if (!is.isObject(value)) throw new FileError(shard, `${where}: expected an object`);
  const told: Record<string, unknown> = {};
  for (const [key, check] of [...KEYS.map((key) => [key, CHECKS[key]] as const), ...TEXTS.map((key) => [key, is.text] as const)]) {
    const given = value[key];
    if (given === undefined || given === null) continue;
    const expected = check(given);
    if (expected !== undefined) throw new FileError(shard, `${where}: ${key}: expected ${expected.split(',')[0]}`);
    told[TEXTS.includes(key) ? 'text' : key] ??= given;
  }
  return told;
}

/** What is written of a record beside its image and its text: all but what follows from where it lies. */
export function writeTold(record: ImageRecord): string {
  return `${JSON.stringify(Object.fromEntries(KEYS.flatMap((key) => (record[key] === undefined ? [] : [[key, record[key]]]))))}\n`;
}
