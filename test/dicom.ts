/** Invented DICOM files, written element by element (PS3.5, explicit VR little endian). */

/** A tag as in `00280010`, its value representation, and its value; a list of items for a sequence. */
export type Element = readonly [
  tag: string,
  vr: string,
  value: string | number | readonly number[] | Buffer | readonly (readonly Element[])[],
];

const LONG = ['OB', 'OW', 'OF', 'OD', 'SQ', 'UN', 'UT'];

const even = (bytes: Buffer, fill: number): Buffer => (bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.of(fill)]));

const tagBytes = (tag: string): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0);
  bytes.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2);
  return bytes;
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

function valueBytes(vr: string, value: Element[2]): Buffer {
  if (Buffer.isBuffer(value)) return even(value, 0);
  if (typeof value === 'string') return even(Buffer.from(value, 'latin1'), vr === 'UI' ? 0 : 0x20);
  if (vr === 'SQ')
    return Buffer.concat(
      (value as readonly (readonly Element[])[]).map((item) => {
        const inner = dataSet(item);
        return Buffer.concat([tagBytes('fffee000'), uint32(inner.length), inner]);
      }),
    );
  const numbers = typeof value === 'number' ? [value] : (value as readonly number[]);
  const bytes = Buffer.alloc(2 * numbers.length);
  for (const [i, n] of numbers.entries()) bytes.writeUInt16LE(n & 0xffff, 2 * i);
  return bytes;
}

/** The elements in the order of their tags. */
function dataSet(elements: readonly Element[]): Buffer {
  return Buffer.concat(
    [...elements]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([tag, vr, value]) => {
        const bytes = valueBytes(vr, value);
        const length = Buffer.alloc(2);
        if (!LONG.includes(vr)) length.writeUInt16LE(bytes.length);
        return Buffer.concat([tagBytes(tag), Buffer.from(vr), length, ...(LONG.includes(vr) ? [uint32(bytes.length)] : []), bytes]);
      }),
  );
}

/** Compressed pixels: an empty table of offsets, a fragment each, the end (PS3.5, A.4). */
function fragmentsElement(fragments: readonly Buffer[]): Buffer {
  const item = (bytes: Buffer): Buffer => Buffer.concat([tagBytes('fffee000'), uint32(bytes.length), bytes]);
  return Buffer.concat([
    tagBytes('7fe00010'),
    Buffer.from('OB\0\0', 'latin1'),
    uint32(0xffffffff),
    item(Buffer.alloc(0)),
    ...fragments.map((fragment) => item(even(fragment, 0))),
    tagBytes('fffee0dd'),
    uint32(0),
  ]);
}

export const EXPLICIT = '1.2.840.10008.1.2.1';

/** A file: 16-bit greys of 2 × 2 unless the elements say otherwise; later elements of a tag replace earlier ones, one of `null` takes it away. */
export function dicomFile(options: {
  readonly syntax?: string;
  readonly elements?: readonly (Element | readonly [tag: string, value: null])[];
  readonly fragments?: readonly Buffer[];
}): Buffer {
  const { syntax = EXPLICIT, elements = [], fragments } = options;
  const all = new Map<string, Element | readonly [string, null]>();
  const usual: readonly Element[] = [
    ['00080016', 'UI', '1.2.840.10008.5.1.4.1.1.7'],
    ['00280002', 'US', 1],
    ['00280004', 'CS', 'MONOCHROME2'],
    ['00280010', 'US', 2],
    ['00280011', 'US', 2],
    ['00280100', 'US', 16],
    ['00280101', 'US', 12],
    ['00280102', 'US', 11],
    ['00280103', 'US', 0],
  ];
  for (const element of [...usual, ...elements]) all.set(element[0], element);
  const kept = [...all.values()].filter((element): element is Element => element[1] !== null);
  const meta = dataSet([['00020010', 'UI', syntax]]);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    tagBytes('00020000'),
    Buffer.from('UL'),
    Buffer.from([4, 0]),
    uint32(meta.length),
    meta,
    dataSet(kept),
    ...(fragments ? [fragmentsElement(fragments)] : []),
  ]);
}

/** Little-endian 16-bit values. */
export function words(values: readonly number[]): Buffer {
  return valueBytes('OW', values);
}
