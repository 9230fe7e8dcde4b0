import { palette } from './palette';
import { asPicture, type Picture } from './pixels';

/** A part of a picture: a mask, a box, or both. */
export interface Region {
  /** Row by row, as many values as the picture has pixels; what is not 0 belongs to it. */
  readonly mask?: ArrayLike<number>;
  /** In whole pixels, row 0 at the top. */
  readonly box?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** The house's colours, those first that are bright enough to show on a radiograph. */
const order = [4, 5, 2, 1, 3, 0];

/** How much of a mask's colour lies over the picture, which stays visible below. */
const TINT = 0.22;

/**
 * A picture with parts of it marked: a mask tinted and outlined, a box as a frame, each region in a colour of its own.
 *
 * @throws RangeError where a mask does not have the picture's size
 * @example regions(picture, studyMasks(study, 256).findings)
 */
export function regions(picture: Picture | Float32Array, parts: readonly Region[]): Picture {
  const own = asPicture(picture, 'regions');
  const { width, height, channels } = own;
  const pixels = Float32Array.from({ length: 3 * width * height }, (_, i) => own.pixels[channels === 1 ? Math.floor(i / 3) : i]!);
  const lay = (at: number, colour: readonly number[], cover: number): void => {
    for (let c = 0; c < 3; c++) pixels[3 * at + c]! += cover * (colour[c]! - pixels[3 * at + c]!);
  };
  parts.forEach(({ mask, box }, i) => {
    const colour = rgb(palette[order[i % order.length]!]!);
    if (mask) {
      if (mask.length !== width * height)
        throw new RangeError(`regions: mask ${i}: expected ${width} x ${height} values, got ${mask.length}`);
      for (let at = 0; at < mask.length; at++) if (mask[at] !== 0) lay(at, colour, isEdge(mask, width, at) ? 1 : TINT);
    }
    if (box) for (const at of frame(box, width, height)) lay(at, colour, 1);
  });
  return { ...own, pixels, channels: 3 };
}

/** Whether a pixel of a mask has a neighbour that is not, or lies on the picture's edge. */
function isEdge(mask: ArrayLike<number>, width: number, at: number): boolean {
  const x = at % width;
  return [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width].some((i) => !mask[i]);
}

/** The pixels just around a box, as far as the picture goes. */
function frame(box: NonNullable<Region['box']>, width: number, height: number): Set<number> {
  const [left, top] = [Math.max(0, box.x - 1), Math.max(0, box.y - 1)];
  const [right, bottom] = [Math.min(width - 1, box.x + box.width), Math.min(height - 1, box.y + box.height)];
  const around = new Set<number>();
  for (let x = left; x <= right; x++) around.add(top * width + x).add(bottom * width + x);
  for (let y = top; y <= bottom; y++) around.add(y * width + left).add(y * width + right);
  return around;
}

const rgb = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
