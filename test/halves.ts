/** What bit patterns of 16 bits stand for. */
import type { HalfFormat } from '#engine/internal';

/** Of a finite number. */
export function halfValue(bits: number, format: HalfFormat): number {
  if (format === 'bfloat16') return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
