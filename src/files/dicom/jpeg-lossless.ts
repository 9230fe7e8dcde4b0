/** Lossless JPEG with Huffman codes (ITU-T T.81, annex H; frames of type SOF3), which image libraries leave out. */

/** A decoded frame, as far as its own stream describes it. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Bits of a value. */
  readonly bits: number;
  /** Bit patterns of the values, row by row, components interleaved. */
  readonly data: Uint16Array;
}

interface Frame {
  readonly bits: number;
  readonly width: number;
  readonly height: number;
  /** The identifiers of the components. */
  readonly components: readonly number[];
}

/** For every 16 bits that may come next: the length of the code that they begin with times 256, and what it stands for; 0 where there is none. */
type CodeTable = Uint16Array;

interface Scan {
  readonly tables: readonly CodeTable[];
  /** Which neighbours foretell a value, 1 to 7 (table H.1). */
  readonly predictor: number;
  /** How many low bits were left out. */
  readonly shift: number;
}

/** Codes in the order of their lengths (annex C). */
function codeTable(counts: Uint8Array, symbols: Uint8Array): CodeTable {
  const table = new Uint16Array(2 ** 16);
  let code = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < counts[length - 1]!; i++) {
      const from = code << (16 - length);
      if (from >= 2 ** 16) throw new RangeError('a table with more codes than there can be');
      table.fill((length << 8) | symbols[next++]!, from, from + 2 ** (16 - length));
      code++;
    }
    code <<= 1;
  }
  return table;
}

/** Reads bits of the coded part, in which a byte FF is followed by 00 (F.1.2.3); behind its end there are zeros. */
class BitReader {
  private bits = 0;
  private count = 0;
  /** Zero bits given behind the end. */
  beyond = 0;

  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
  ) {}

  private fill(): void {
    while (this.count <= 16) {
      let byte = this.bytes[this.at];
      if (byte === undefined || (byte === 0xff && this.bytes[this.at + 1] !== 0)) {
        byte = 0; // a marker, or the end
        this.beyond += 8;
      } else this.at += byte === 0xff ? 2 : 1;
      this.bits = ((this.bits << 8) | byte) & 0xffffffff;
      this.count += 8;
    }
  }

  /** The next code's symbol. */
  symbol(table: CodeTable): number {
    this.fill();
    const entry = table[(this.bits >>> (this.count - 16)) & 0xffff]!;
    if (entry === 0) throw new RangeError('a code that is in no table');
    this.count -= entry >> 8;
    return entry & 0xff;
  }

  /** The next `n` bits as a number, 1 to 16 of them. */
  take(n: number): number {
    this.fill();
    this.count -= n;
    return (this.bits >>> this.count) & ((1 << n) - 1);
  }

  /** Leaves the rest of the byte, and the restart marker behind it. */
  restart(): void {
    this.bits = 0;
    this.count = 0;
    this.beyond = 0;
    const { bytes, at } = this;
    if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xf8) !== 0xd0) throw new RangeError('a restart marker is missing');
    this.at += 2;
  }
}

/**
 * Decodes a stream of one scan; components are sampled alike.
 *
 * @throws RangeError where it is truncated, damaged, or another kind of JPEG
 */
export function decodeJpegLossless(bytes: Uint8Array): JpegFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) throw new RangeError('no JPEG stream');
  const tables: CodeTable[] = [];
  let frame: Frame | undefined;
  let restartInterval = 0;
  for (let at = 2; ; ) {
    if (at + 4 > bytes.length) throw new RangeError('it ends before its pixels');
    if (bytes[at] !== 0xff) throw new RangeError('a marker is missing');
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++; // filling
      continue;
    }
    const length = view.getUint16(at + 2);
    const segment = bytes.subarray(at + 4, at + 2 + length);
    if (length < 2 || at + 2 + length > bytes.length) throw new RangeError('it ends before its pixels');
    if (marker === 0xc4) readTables(segment, tables);
    else if (marker === 0xc3) frame = readFrame(segment);
    else if (marker === 0xdd) restartInterval = view.getUint16(at + 4);
    else if (marker === 0xda) {
      if (!frame) throw new RangeError('its size is missing');
      return decodeScan(new BitReader(bytes, at + 2 + length), frame, readScan(segment, frame, tables), restartInterval);
    } else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc)
      throw new RangeError(`another kind of JPEG (type ${marker - 0xc0}) than the file says`);
    at += 2 + length;
  }
}

function readTables(segment: Uint8Array, tables: CodeTable[]): void {
  for (let at = 0; at + 17 <= segment.length; ) {
    const counts = segment.subarray(at + 1, at + 17);
    const total = counts.reduce((a, b) => a + b, 0);
    const symbols = segment.subarray(at + 17, at + 17 + total);
    if (symbols.length < total) throw new RangeError('a table is cut');
    tables[segment[at]! & 15] = codeTable(counts, symbols);
    at += 17 + total;
  }
}

function readFrame(segment: Uint8Array): Frame {
  const [bits, yHigh, yLow, xHigh, xLow, count] = segment as unknown as [number, number, number, number, number, number];
  if (segment.length < 6 + 3 * count) throw new RangeError('its size is cut');
  const components: number[] = [];
  for (let i = 0; i < count; i++) {
    if (segment[7 + 3 * i] !== 0x11) throw new RangeError('components of different sizes, which are not read');
    components.push(segment[6 + 3 * i]!);
  }
  if (bits < 2 || bits > 16) throw new RangeError(`${bits} bits a value, expected 2 to 16`);
  return { bits, height: yHigh * 256 + yLow, width: xHigh * 256 + xLow, components };
}

function readScan(segment: Uint8Array, frame: Frame, tables: readonly CodeTable[]): Scan {
  const count = segment[0]!;
  if (count !== frame.components.length || segment.length < 4 + 2 * count)
    throw new RangeError('components in scans of their own, which are not read');
  const used = Array.from({ length: count }, (_, i) => tables[segment[2 + 2 * i]! >> 4]);
  if (used.some((table) => table === undefined)) throw new RangeError('a table of codes is missing');
  const predictor = segment[1 + 2 * count]!;
  if (predictor < 1 || predictor > 7) throw new RangeError(`the predictor ${predictor}, expected 1 to 7`);
  return { tables: used as CodeTable[], predictor, shift: segment[3 + 2 * count]! & 15 };
}

/** A value foretold by its left, upper, and upper left neighbours (table H.1). */
function predict(predictor: number, left: number, up: number, upLeft: number): number {
  switch (predictor) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return upLeft;
    case 4:
      return left + up - upLeft;
    case 5:
      return left + ((up - upLeft) >> 1);
    case 6:
      return up + ((left - upLeft) >> 1);
    default:
      return (left + up) >> 1;
  }
}

function decodeScan(reader: BitReader, frame: Frame, { tables, predictor, shift }: Scan, restartInterval: number): JpegFrame {
  const { width, height, bits } = frame;
  const components = tables.length;
  const stride = width * components;
  const data = new Uint16Array(stride * height);
  if (restartInterval % width !== 0) throw new RangeError('restarts within a row, which are not read');
  const restartRows = restartInterval / width;
  for (let row = 0; row < height; row++) {
    const restarts = restartRows > 0 && row > 0 && row % restartRows === 0;
    if (restarts) reader.restart();
    const first = row === 0 || restarts;
    for (let i = 0; i < stride; i++) {
      const at = row * stride + i;
      const left = data[at - components]!;
      // The first row knows left neighbours only, the first column upper ones only (H.1.2.1).
      const foretold =
        i < components
          ? first
            ? 2 ** (bits - shift - 1)
            : data[at - stride]!
          : first
            ? left
            : predict(predictor, left, data[at - stride]!, data[at - stride - components]!);
      const size = reader.symbol(tables[i % components]!);
      data[at] = foretold + difference(reader, size);
    }
    // A few bits are read ahead; more were never written.
    if (reader.beyond > 64) throw new RangeError(`it ends in row ${row} of ${height}`);
  }
  if (shift > 0) for (let i = 0; i < data.length; i++) data[i]! <<= shift;
  return { width, height, components, bits, data };
}

/** A difference of `size` bits; the lower half of their values is negative (table H.2). Sums are modulo 2^16. */
function difference(reader: BitReader, size: number): number {
  if (size === 0) return 0;
  if (size === 16) return 32768;
  if (size > 16) throw new RangeError('a difference of more than 16 bits');
  const value = reader.take(size);
  return value < 2 ** (size - 1) ? value - 2 ** size + 1 : value;
}
