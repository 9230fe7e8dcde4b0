/** Heat maps of confusion tables, a panel for each set of images. */

import { figure } from '../../display';
import type { ResultFigure } from '../result';
import { type AttributeConfusion, askedCounts } from './confusion';
import type { Attribute } from './questions';

/** CSS pixels. */
const [ROW, WIDTH, MARGIN] = [26, 240, { left: 250, right: 60, top: 90, bottom: 90 }];

/** The figure of one attribute: rows are findings and what was asked for, columns what is read, shares of a row. undefined where nothing was asked. */
export function confusionFigure(attribute: Attribute, confusions: readonly AttributeConfusion[]): ResultFigure | undefined {
  const own = confusions.filter((each) => each.attribute === attribute);
  const sets = [...new Set(own.map(({ set }) => set))];
  const answers = own[0]?.answers;
  if (!answers) return undefined;
  const rowsOf = (set: string): { name: string; shares: number[] }[] =>
    own
      .filter((each) => each.set === set)
      .flatMap((each) => {
        const asked = askedCounts(each);
        return each.counts.flatMap((row, a) =>
          asked[a] === 0
            ? []
            : [{ name: `${each.finding ? `${each.finding}: ` : ''}${answers[a]}`, shares: row.map((n) => n / asked[a]!) }],
        );
      });
  const rows = sets.map(rowsOf);
  const height = MARGIN.top + MARGIN.bottom + ROW * rows[0]!.length;
  const gap = 0.04;
  const each = (1 - gap * (sets.length - 1)) / sets.length;
  const axes = sets.map((_, s) => (s === 0 ? '' : String(s + 1)));
  const data = sets.map((set, s) => ({
    type: 'heatmap',
    name: set,
    x: answers,
    y: rows[s]!.map(({ name }) => name),
    z: rows[s]!.map(({ shares }) => shares),
    zmin: 0,
    zmax: 1,
    colorscale: 'Blues',
    reversescale: true,
    showscale: false, // the numbers stand in the cells
    texttemplate: '%{z:.2f}',
    xaxis: `x${axes[s]}`,
    yaxis: `y${axes[s]}`,
  }));
  const layout: Record<string, unknown> = {
    title: { text: `What is read where it is asked for: ${attribute}, shares of a row` },
    width: MARGIN.left + WIDTH * sets.length + MARGIN.right,
    height,
    margin: { l: MARGIN.left, r: MARGIN.right, t: MARGIN.top, b: MARGIN.bottom },
    annotations: sets.map((set, s) => ({
      text: set,
      x: s * (each + gap) + each / 2,
      y: 1,
      yshift: 16,
      xref: 'paper',
      yref: 'paper',
      xanchor: 'center',
      showarrow: false,
    })),
  };
  sets.forEach((_, s) => {
    const from = s * (each + gap);
    layout[`xaxis${axes[s]}`] = { type: 'category', domain: [from, from + each], showgrid: false, title: s === 0 ? { text: 'read' } : {} };
    layout[`yaxis${axes[s]}`] = {
      type: 'category',
      anchor: `x${axes[s]}`,
      autorange: 'reversed',
      showgrid: false,
      showticklabels: s === 0,
    };
  });
  return {
    name: `confusion-${attribute}`,
    caption: `Shares of what the reader sees (columns) of what the texts ask for (rows): ${attribute}. On real images only the reader errs.`,
    figure: figure({ data, layout }),
  };
}
