import { imageGrid } from '../grid';
import type { GridOptions } from '../grid-plan';
import type { DisplayWindow, Picture } from '../pixels';
import { column, row } from './boxes';
import type { Control } from './control';
import { slider } from './controls';
import { html } from './shown';
import type { Widget } from './widget';

/** Pictures with the sliders of a reading room. */
export interface WindowLevel extends Widget {
  readonly level: Control<number>;
  readonly width: Control<number>;
}

/**
 * A grid of pictures with a radiologist's two sliders: the level is the value shown as middle grey, the width the range from black to white.
 *
 * @param captions  as for `imageGrid`
 * @param options   as for `imageGrid`; its window is where the sliders stand at first
 * @throws RangeError as `imageGrid`, and where the window lies outside of 0 to 1
 * @example windowLevel(images)
 */
export function windowLevel(
  images: readonly (Picture | Float32Array)[],
  captions?: readonly string[],
  options: GridOptions = {},
): WindowLevel {
  const [low, high] = options.window ?? [0, 1];
  const place = html();
  const current = (): DisplayWindow => [level.value - width.value / 2, level.value + width.value / 2];
  const draw = (): void => place.put(imageGrid(images, captions, { ...options, window: current() }));
  const level = slider({ label: 'Level', min: 0, max: 1, step: 0.01, value: (low + high) / 2, onChange: draw });
  const width = slider({ label: 'Width', min: 0.02, max: 2, step: 0.02, value: high - low, onChange: draw });
  draw();
  return Object.assign(column([row([level, width]), place]), { level, width });
}
