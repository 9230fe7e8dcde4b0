/** One colour scale for everything that is a number at a place: blue below zero, orange above it, near white at zero. */

type Colour = readonly [number, number, number];

/** Lightness, green to red, blue to yellow: OKLab (Ottosson 2020, https://bottosson.github.io/posts/oklab/). */
const zero: Colour = [0.97, 0, 0];
const below: Colour = [0.48, -0.03, -0.15];
const above: Colour = [0.48, 0.11, 0.095];

/**
 * The colour of a value from -1 to 1; values beyond are drawn as the ends. Equal steps of the value look equal (a straight line in
 * OKLab on either side), darkness alone gives the distance from zero, and blue and orange differ for every kind of colour blindness.
 *
 * @returns red, green and blue, 0 to 1
 */
export function scaleColour(value: number): [number, number, number] {
  const end = value < 0 ? below : above;
  const weight = Math.min(1, Math.abs(value));
  const [lightness, a, b] = zero.map((from, i) => from + weight * (end[i]! - from)) as [number, number, number];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Linear light as sRGB (IEC 61966-2-1), within what a screen can show. */
function gamma(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.min(1, Math.max(0, value));
}
