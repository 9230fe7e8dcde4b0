/** The same radiograph with other findings: what the patient's image would have been. */

import type { Grid } from '../../../imaging';
import { attenuation, closeShutters, expose, geometry, oversampling, toBytes } from '../render';
import type { Finding, Study } from '../types';

/**
 * How far, in cm along rows and columns, a change of absorption reaches in a counterfactual. Scattered light and the display's compression carry every change
 * over all of the image, ever more faintly; here they fade out over this distance, and pixels farther away are the same bytes.
 */
export const COUNTERFACTUAL_REACH = 6;

/** Running sums over 2·reach + 1 pixels of each row, written transposed (twice gives rows again); beyond the edge the image is 0. */
function sumsAlongRows(image: Float32Array, size: number, reach: number): Float32Array {
  const out = new Float32Array(image.length);
  for (let y = 0; y < size; y++) {
    let count = 0; // whole numbers and their sums are exact
    const at = (x: number): number => (x >= 0 && x < size ? image[y * size + x]! : 0);
    for (let x = -reach; x <= reach; x++) count += at(x);
    for (let x = 0; x < size; x++) {
      out[x * size + y] = count;
      count += at(x + reach + 1) - at(x - reach);
    }
  }
  return out;
}

/** 1 where the square of 2·reach + 1 pixels around a pixel touches the set. */
function dilate(set: Float32Array, size: number, reach: number): Float32Array {
  const rows = sumsAlongRows(set, size, reach).map((v) => (v > 0 ? 1 : 0));
  return sumsAlongRows(rows, size, reach).map((v) => (v > 0 ? 1 : 0));
}

/** How much of a change each pixel takes: 1 where rays changed, 0 beyond the reach. */
function nearness(changed: Float32Array, size: number, pitch: number): Float32Array {
  const half = Math.max(1, Math.floor(COUNTERFACTUAL_REACH / 2 / pitch));
  const full = (2 * half + 1) ** 2;
  const wide = dilate(changed, size, half);
  return sumsAlongRows(sumsAlongRows(wide, size, half), size, half).map((v) => v / full);
}

/** Pixels of which a ray changed: 1, others 0. */
function changedPixels(before: Float32Array, after: Float32Array, grid: Grid, size: number): Float32Array {
  const factor = grid.width / size;
  const out = new Float32Array(size * size);
  for (let i = 0; i < before.length; i++)
    if (before[i] !== after[i]) out[Math.floor(Math.floor(i / grid.width) / factor) * size + Math.floor((i % grid.width) / factor)] = 1;
  return out;
}

/**
 * Renders a study as it is, but with other findings: same patient, position, breath, exposure and noise. Deterministic; with the study's own findings the
 * same bytes as `renderStudy`, and pixels more than `COUNTERFACTUAL_REACH` cm from every ray that changed are its bytes in any case.
 *
 * @param study    such as a patient's prior study
 * @param findings such as those of the later study: any list, in any order
 * @param size     width and height, pixels
 * @returns        grey, row-major, [size * size]
 */
export function renderCounterfactual(study: Study, findings: readonly Finding[], size: number): Uint8Array {
  const { view, grid } = geometry(study, size * oversampling(size));
  const before = attenuation(study, view, grid);
  const other: Study = { ...study, findings };
  const after = attenuation(other, view, grid);
  const { grey, metered } = expose(study, before, grid, size);
  const changed = expose(other, after, grid, size, metered).grey;
  const weight = nearness(changedPixels(before, after, grid, size), size, (grid.pitch * grid.width) / size);
  for (let i = 0; i < grey.length; i++) if (weight[i]! > 0) grey[i]! += weight[i]! * (changed[i]! - grey[i]!);
  closeShutters(grey, study, size);
  return toBytes(grey);
}
