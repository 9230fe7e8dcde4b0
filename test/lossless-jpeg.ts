/** A writer of lossless JPEG (ITU-T T.81, annex H), so that every predictor can be tested. */

/** Values of one component, row by row. */
export interface LosslessOptions {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  /** 1 to 7. */
  readonly predictor: number;
  /** Low bits to leave out, 0 by default. */
  readonly shift?: number;
  /** Rows between restarts, 0 for none. */
  readonly restartRows?: number;
}

/** All 17 sizes of differences with codes of 5 bits. */
const CODE_LENGTH = 5;

class BitWriter {
  readonly bytes: number[] = [];
  private rest = 0;
  private count = 0;

  put(value: number, n: number): void {
    for (let i = n - 1; i >= 0; i--) {
      this.rest = (this.rest << 1) | ((value >> i) & 1);
      this.count++;
      if (this.count < 8) continue;
      this.bytes.push(this.rest);
      if (this.rest === 0xff) this.bytes.push(0);
      this.rest = 0;
      this.count = 0;
    }
  }

  end(): void {
    while (this.count > 0) this.put(1, 1);
  }
}

/** The stream of an image. */
export function losslessJpeg(values: ArrayLike<number>, options: LosslessOptions): Buffer {
  const { width, height, bits, predictor, shift = 0, restartRows = 0 } = options;
  const segment = (marker: number, body: readonly number[]): number[] => [
    0xff,
    marker,
    (body.length + 2) >> 8,
    (body.length + 2) & 255,
    ...body,
  ];
  const counts = Array.from({ length: 16 }, (_, i) => (i === CODE_LENGTH - 1 ? 17 : 0));
  const writer = new BitWriter();
  const at = (row: number, column: number): number => values[row * width + column]! >> shift;
  let restarts = 0;
  for (let row = 0; row < height; row++) {
    const restart = restartRows > 0 && row > 0 && row % restartRows === 0;
    if (restart) {
      writer.end();
      writer.bytes.push(0xff, 0xd0 + (restarts++ % 8));
    }
    const first = row === 0 || restart;
    for (let column = 0; column < width; column++) {
      const a = column > 0 ? at(row, column - 1) : 0;
      const b = row > 0 ? at(row - 1, column) : 0;
      const c = row > 0 && column > 0 ? at(row - 1, column - 1) : 0;
      const byRule = [a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1][predictor - 1]!;
      const foretold = column === 0 ? (first ? 2 ** (bits - shift - 1) : b) : first ? a : byRule;
      const difference = ((at(row, column) - foretold + 32768) & 0xffff) - 32768;
      const size = difference === -32768 ? 16 : 32 - Math.clz32(Math.abs(difference));
      writer.put(size, CODE_LENGTH);
      if (size < 16) writer.put(difference < 0 ? difference + 2 ** size - 1 : difference, size);
    }
  }
  writer.end();
  return Buffer.from([
    0xff,
    0xd8,
    ...segment(0xc3, [bits, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]),
    ...segment(0xc4, [0, ...counts, ...Array.from({ length: 17 }, (_, i) => i)]),
    ...(restartRows > 0 ? segment(0xdd, [(restartRows * width) >> 8, (restartRows * width) & 255]) : []),
    ...segment(0xda, [1, 1, 0, predictor, 0, shift]),
    ...writer.bytes,
    0xff,
    0xd9,
  ]);
}
