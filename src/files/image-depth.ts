/** How many bits a 16-bit image really uses: detectors give 10 to 14, and many exports put these into 16 as they are. */

import { open } from 'node:fs/promises';

/** Of detectors and of their exports; anything between is taken for a dark image of the next one, not stretched by an odd factor. */
const depths = [8, 10, 12, 14] as const;

/** The value of white at a depth in bits. */
export const whiteAt = (bits: number): number => 2 ** bits - 1;

/**
 * The depth of an image's values: 8 for 8-bit images; for 16-bit ones what the file says (PNG's sBIT) where no value is above it, else the
 * smallest of 8, 10, 12, 14 and 16 bits that holds every value.
 *
 * 8-bit values that were spread over 16 bits (each times 256 or 257) are 16-bit however dark they are.
 */
export function usedBits({
  data,
  significantBits,
}: {
  readonly data: Uint8Array | Uint16Array;
  readonly significantBits?: number;
}): number {
  if (!(data instanceof Uint16Array)) return 8;
  let largest = 0;
  let spread = true;
  for (const value of data) {
    if (value > largest) largest = value;
    spread &&= value % 257 === 0 || value % 256 === 0;
  }
  if (largest === 0) return depths[0];
  if (spread) return 16;
  if (significantBits !== undefined && largest <= whiteAt(significantBits)) return significantBits;
  return depths.find((bits) => largest <= whiteAt(bits)) ?? 16;
}

/** Whether an image may hold 16 bits a value, by its first bytes, which are those of the file or at an offset in it; false where it cannot be read. */
export async function mayHold16Bits(path: string, offset: number = 0): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (!file) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(25), 0, 25, offset);
    if (bytesRead < 25) return false;
    const start = buffer.toString('latin1', 0, 4);
    return start === '\x89PNG' ? buffer[24] === 16 : start === 'II*\0' || start === 'MM\0*' || start === 'II+\0' || start === 'MM\0+';
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/** What a PNG's sBIT chunk says of its first channel (PNG, 11.3.2.7). */
export function pngSignificantBits(png: Buffer): number | undefined {
  for (let at = 8; at + 12 <= png.length; at += 12 + png.readUInt32BE(at)) {
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'sBIT') return png[at + 8];
    if (type === 'IDAT') return undefined;
  }
  return undefined;
}
