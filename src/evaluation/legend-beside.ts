/** Where a figure has more lines than the room above its plot holds names. */

import { type Figure, figure } from '../display';

/** The figure with its legend to the right of the plot. */
export function legendBeside({ spec: { data, layout } }: Figure): Figure {
  const legend = { orientation: 'v', x: 1.02, xanchor: 'left', y: 1, yanchor: 'top' };
  return figure({ data, layout: { ...layout, legend, margin: { ...(layout.margin as object | undefined), r: 210 } } });
}
