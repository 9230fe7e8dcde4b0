/** What a DICOM file says of its pixels (PS3.3, C.7.6.3) and of their grey values (C.11). */

import { FileError } from '../errors';
import type { DicomFile } from './parse';

/** A table of values (C.11.1.1): entry 0 is for `first` and all below it, the last one for all above. */
export interface LookUpTable {
  readonly first: number;
  /** The largest value that an entry may have is 2^bits - 1. */
  readonly bits: number;
  readonly entries: Uint16Array;
}

/** A window of the values to be shown (C.11.2.1.2). */
export interface VoiWindow {
  readonly centre: number;
  readonly width: number;
}

/** How a window's values are spread (C.11.2.1.2, C.11.2.1.3). */
export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** What pixels are stored as, and how they become grey values. */
export interface DicomHeader {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  /** 1 is grey, 3 is a colour. */
  readonly samples: 1 | 3;
  /** Whether colours are stored plane by plane. */
  readonly planar: boolean;
  readonly photometric: string;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly modalityTable?: LookUpTable;
  readonly rescale?: { readonly slope: number; readonly intercept: number };
  readonly voiTable?: LookUpTable;
  readonly windows: readonly VoiWindow[];
  readonly voiFunction: VoiFunction;
}

/** As for other images; a DICOM header may announce any size. */
const MOST_PIXELS = 150e6;

/** Of all frames. */
const MOST_VALUES = 1e9;

const PHOTOMETRIC = ['MONOCHROME1', 'MONOCHROME2', 'RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_RCT', 'YBR_ICT'];

/** @throws FileError where an element that is needed is missing, contradicts another, or is of a kind that is not read */
export function readHeader(file: DicomFile): DicomHeader {
  const { path, elements } = file;
  const number = (tag: string, name: string): number => {
    const value = elements.uint16(tag);
    if (value === undefined) throw new FileError(path, `has no ${name}: it is no image, or truncated`);
    return value;
  };
  const rows = number('x00280010', 'Rows');
  const columns = number('x00280011', 'Columns');
  if (rows === 0 || columns === 0) throw new FileError(path, `is announced as ${columns} × ${rows} pixels: there is no image`);
  const frames = elements.string('x00280008') === undefined ? 1 : (elements.intString('x00280008') ?? 0);
  if (!(frames >= 1)) throw new FileError(path, `has a Number of Frames that is none: ${elements.string('x00280008')}`);
  if (rows * columns > MOST_PIXELS || rows * columns * frames > MOST_VALUES)
    throw new FileError(
      path,
      `announces ${columns} × ${rows} pixels in ${frames} frame${frames === 1 ? '' : 's'}, more than a radiograph or a CT ever has; at most ${MOST_PIXELS / 1e6} million are read of one frame`,
    );
  const samples = elements.uint16('x00280002') ?? 1;
  const photometric = elements.string('x00280004') ?? 'MONOCHROME2';
  if (!PHOTOMETRIC.includes(photometric) || (samples !== 1 && samples !== 3) || (samples === 1) !== photometric.startsWith('MONOCHROME'))
    throw new FileError(
      path,
      `has ${samples} value${samples === 1 ? '' : 's'} a pixel of the kind ${photometric}; expected MONOCHROME1, MONOCHROME2, RGB or YBR`,
    );
  return {
    rows,
    columns,
    frames,
    samples,
    planar: samples === 3 && elements.uint16('x00280006') === 1,
    photometric,
    ...bitDepth(file, number, samples),
    ...greyValues(file),
  };
}

function bitDepth(
  { path, elements }: DicomFile,
  number: (tag: string, name: string) => number,
  samples: 1 | 3,
): Pick<DicomHeader, 'bitsAllocated' | 'bitsStored' | 'signed'> {
  const bitsAllocated = number('x00280100', 'Bits Allocated');
  const bitsStored = elements.uint16('x00280101') ?? bitsAllocated;
  const highBit = elements.uint16('x00280102') ?? bitsStored - 1;
  if ((bitsAllocated !== 8 && bitsAllocated !== 16) || (samples === 3 && bitsAllocated !== 8))
    throw new FileError(
      path,
      `has ${bitsAllocated} bits a value${samples === 3 ? ' of a colour' : ''}; expected 8${samples === 3 ? '' : ' or 16'}`,
    );
  if (!(bitsStored >= 1 && bitsStored <= bitsAllocated) || highBit !== bitsStored - 1)
    throw new FileError(
      path,
      `says that ${bitsStored} bits up to bit ${highBit} are used of ${bitsAllocated}; expected no more than there are, from bit 0 on`,
    );
  return { bitsAllocated, bitsStored, signed: elements.uint16('x00280103') === 1 };
}

function greyValues(file: DicomFile): Pick<DicomHeader, 'modalityTable' | 'rescale' | 'voiTable' | 'windows' | 'voiFunction'> {
  const { path, elements } = file;
  const decimals = (tag: string): number[] => {
    const texts = (elements.string(tag) ?? '').split('\\').map((text) => text.trim());
    return texts
      .filter((text) => text !== '')
      .map((text) => {
        const value = Number(text);
        if (Number.isFinite(value)) return value;
        throw new FileError(path, `has ${JSON.stringify(text.slice(0, 20))} where a number belongs (${tagName(tag)})`);
      });
  };
  const [slope] = decimals('x00281053');
  const [intercept] = decimals('x00281052');
  const rescale = slope !== undefined && intercept !== undefined ? { slope, intercept } : undefined;
  const signed = elements.uint16('x00280103') === 1 || (intercept ?? 0) < 0;
  const widths = decimals('x00281051');
  const windows = decimals('x00281050')
    .slice(0, widths.length)
    .map((centre, i): VoiWindow => ({ centre, width: widths[i]! }));
  const name = (elements.string('x00281056') ?? 'LINEAR').toUpperCase();
  if (name !== 'LINEAR' && name !== 'LINEAR_EXACT' && name !== 'SIGMOID')
    throw new FileError(path, `has the VOI LUT Function ${name.slice(0, 20)}; expected LINEAR, LINEAR_EXACT or SIGMOID`);
  for (const { width } of windows)
    if (!(name === 'LINEAR' ? width >= 1 : width > 0))
      throw new FileError(path, `has a Window Width of ${width}; expected ${name === 'LINEAR' ? '1 or more' : 'more than 0'}`);
  return {
    modalityTable: readTable(file, 'x00283000', signed),
    rescale,
    voiTable: readTable(file, 'x00283010', signed),
    windows,
    voiFunction: name,
  };
}

/** (0028,1053) of x00281053. */
const tagName = (tag: string): string => `(${tag.slice(1, 5)},${tag.slice(5)})`;

/** The first table of a sequence; undefined where there is none. */
function readTable({ path, syntax, elements }: DicomFile, sequence: string, signed: boolean): LookUpTable | undefined {
  const item = elements.elements[sequence]?.items?.[0]?.dataSet;
  const descriptor = item?.elements.x00283002;
  const data = item?.elements.x00283006;
  if (!item || !descriptor || !data) return undefined;
  const count = item.uint16('x00283002', 0) || 2 ** 16;
  const isSigned = descriptor.vr === undefined ? signed : descriptor.vr === 'SS';
  const first = (isSigned ? item.int16('x00283002', 1) : item.uint16('x00283002', 1)) ?? 0;
  const bits = item.uint16('x00283002', 2) ?? 16;
  // Entries of 8 bits may lie in bytes or in words.
  const wide = data.length >= 2 * count;
  if (data.length < count || bits < 1 || bits > 16)
    throw new FileError(
      path,
      `has a table of ${data.length} bytes for ${count} entries of ${bits} bits (${tagName(sequence)}); it is damaged`,
    );
  const view = new DataView(item.byteArray.buffer, item.byteArray.byteOffset + data.dataOffset, data.length);
  const entries = Uint16Array.from({ length: count }, (_, i) => (wide ? view.getUint16(2 * i, !syntax.bigEndian) : view.getUint8(i)));
  return { first, bits, entries };
}
