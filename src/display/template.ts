import { neutralInk, palette } from './palette';

const grid = 'rgba(128, 128, 128, 0.25)';
const axis: Readonly<Record<string, unknown>> = {
  automargin: true,
  gridcolor: grid,
  linecolor: 'rgba(128, 128, 128, 0.6)',
  showline: true,
  ticks: 'outside',
  ticklen: 4,
  tickcolor: 'rgba(128, 128, 128, 0.6)',
  zeroline: false,
  title: { standoff: 10 },
};

/**
 * The look of all our figures: colours that colour-blind readers can tell apart, a transparent page with ink that shows on light
 * and dark themes alike, no ornament. It is a Plotly template, so any value that a figure sets itself wins.
 */
export const houseTemplate: Readonly<Record<string, unknown>> = {
  layout: {
    colorway: palette,
    font: { family: 'system-ui, "DejaVu Sans", sans-serif', size: 13, color: neutralInk },
    title: { x: 0, y: 1, xref: 'container', xanchor: 'left', yanchor: 'top', pad: { l: 12, t: 14 }, font: { size: 16 } },
    paper_bgcolor: 'rgba(0, 0, 0, 0)',
    plot_bgcolor: 'rgba(0, 0, 0, 0)',
    margin: { l: 76, r: 24, t: 56, b: 56 },
    xaxis: axis,
    yaxis: axis,
    legend: { orientation: 'h', x: 0, y: 1.02, xanchor: 'left', yanchor: 'bottom', traceorder: 'normal' },
    hovermode: 'closest',
    hoverlabel: { namelength: -1 },
    colorscale: { sequential: 'Cividis', diverging: 'RdBu' },
    modebar: { bgcolor: 'rgba(0, 0, 0, 0)', color: '#9a9a9a', activecolor: '#0072b2' },
    coloraxis: { colorbar: { outlinewidth: 0 } },
  },
  data: {
    scatter: [{ line: { width: 2 } }],
    bar: [{ marker: { line: { width: 0 } } }],
    heatmap: [{ colorscale: 'Cividis' }],
  },
};
