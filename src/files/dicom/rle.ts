/** RLE (DICOM PS3.5, annex G): each byte of the values as a plane of its own, runs packed. */

/**
 * Decodes one frame.
 *
 * @param pixels       of the frame
 * @param samples      values a pixel
 * @param bytesEach    bytes of a value, 1 or 2
 * @returns            little-endian values, colours interleaved
 * @throws RangeError  where it is truncated or has another number of planes
 */
export function decodeRle(coded: Uint8Array, pixels: number, samples: number, bytesEach: number): Uint8Array {
  if (coded.length < 64) throw new RangeError(`a frame of ${coded.length} bytes, shorter than its header`);
  const view = new DataView(coded.buffer, coded.byteOffset, coded.byteLength);
  const planes = view.getUint32(0, true);
  if (planes !== samples * bytesEach) throw new RangeError(`${planes} planes of bytes, expected ${samples * bytesEach}`);
  const out = new Uint8Array(pixels * samples * bytesEach);
  for (let plane = 0; plane < planes; plane++) {
    const from = view.getUint32(4 + 4 * plane, true);
    const to = plane + 1 < planes ? view.getUint32(8 + 4 * plane, true) : coded.length;
    if (from < 64 || from > to || to > coded.length) throw new RangeError(`plane ${plane + 1} lies outside of the frame`);
    // The planes of a value come with its highest byte first.
    const [sample, byte] = [Math.floor(plane / bytesEach), bytesEach - 1 - (plane % bytesEach)];
    unpack(coded.subarray(from, to), out, sample * bytesEach + byte, samples * bytesEach, pixels);
  }
  return out;
}

/** One plane's runs (G.3.1) to every `stride`-th byte from `start`. */
function unpack(packed: Uint8Array, out: Uint8Array, start: number, stride: number, pixels: number): void {
  let at = 0;
  let done = 0;
  while (done < pixels) {
    if (at >= packed.length) throw new RangeError(`its runs end after ${done} of ${pixels} pixels`);
    const control = packed[at++]!;
    if (control === 128) continue;
    const literal = control < 128;
    const count = Math.min(literal ? control + 1 : 257 - control, pixels - done);
    if (at + (literal ? count : 1) > packed.length) throw new RangeError(`its runs end after ${done} of ${pixels} pixels`);
    for (let i = 0; i < count; i++) out[start + (done + i) * stride] = packed[literal ? at + i : at]!;
    at += literal ? count : 1;
    done += count;
  }
}
