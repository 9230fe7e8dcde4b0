import { type Displayable, displayable } from './displayable';
import { escapeHtml, escapeXml } from './escape';
import { palette } from './palette';
import {
  belowSpan,
  LINE,
  labelMiddle,
  levelsOf,
  type Piece,
  type Placed,
  piecesOf,
  placeTokens,
  SIZE,
  type TokenArc,
  type TokenSpan,
} from './token-graph-layout';

export type { TokenArc, TokenSpan } from './token-graph-layout';

const MARGIN = 6;

type ColourOf = (kind: string) => string;

/**
 * A text with spans in boxes and relations between them as arcs: the entities of a report. It needs no script: what stands in a box or on an arc is told where the
 * pointer rests, and a box's own arcs become thick.
 *
 * @param kinds   all kinds in the order of their colours; they are named below the text
 * @param colours of the kinds, where they mean something that those of charts do not
 * @throws RangeError where a span lies outside the tokens or has another kind, or an arc's end is no span
 * @example tokenGraph(['Small', 'effusion'], [{ start: 0, end: 0, label: 'size', kind: 'a' }, { start: 1, end: 1, label: 'finding', kind: 'a' }], [{ from: 0, to: 1, label: 'modify' }], ['a'])
 */
export function tokenGraph(
  tokens: readonly string[],
  spans: readonly TokenSpan[],
  arcs: readonly TokenArc[],
  kinds: readonly string[],
  colours: readonly string[] = palette,
): Displayable {
  for (const { start, end, kind } of spans) {
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end >= start && end < tokens.length))
      throw new RangeError(`tokenGraph: expected 0 <= start <= end < ${tokens.length}, got ${start} and ${end}`);
    if (!kinds.includes(kind)) throw new RangeError(`tokenGraph: kind: expected ${kinds.join(', ')}, got ${kind}`);
  }
  for (const { from, to } of arcs)
    if (!spans[from] || !spans[to]) throw new RangeError(`tokenGraph: an arc leads from ${from} to ${to}; there are ${spans.length} spans`);
  const colourOf: ColourOf = (kind) => colours[kinds.indexOf(kind) % colours.length]!;
  return displayable(() => ({
    'text/html': `<div class="rg-token-graph" style="max-width:${LINE.width + 2 * MARGIN}px">${drawing(tokens, spans, arcs, colourOf)}${legend(spans, kinds, colourOf)}</div>`,
    'text/plain': plainText(tokens, spans, arcs),
  }));
}

const wordsOf = (tokens: readonly string[], { start, end }: TokenSpan): string => tokens.slice(start, end + 1).join(' ');

function drawing(tokens: readonly string[], spans: readonly TokenSpan[], arcs: readonly TokenArc[], colourOf: ColourOf): string {
  const placed = placeTokens(tokens, spans);
  const pieces = piecesOf(spans, arcs, placed);
  const levels = levelsOf(pieces, arcs);
  const lines = 1 + (placed.at(-1)?.line ?? 0);
  const tops: number[] = [];
  let height = 0;
  for (let line = 0; line < lines; line++) {
    const most = Math.max(0, ...pieces.flatMap((piece, i) => (piece.line === line ? [levels[i]!] : [])));
    height += LINE.above + most * LINE.level;
    tops.push(height); // the upper edge of the boxes
    height += LINE.text;
  }
  const words = tokens.map((token, i) => {
    const { line, x, width } = placed[i]!;
    const fitted = ` textLength="${width.toFixed(1)}" lengthAdjust="spacingAndGlyphs"`;
    return `<text x="${x.toFixed(1)}" y="${tops[line]! + SIZE + 2}"${fitted}>${escapeXml(token)}</text>`;
  });
  const groups = spans.map((span, s) => {
    const own = pieces.flatMap((piece, i) =>
      arcs[piece.arc]!.from === s ? [arcSvg(piece, levels[i]!, tops, arcs[piece.arc]!, spans, tokens)] : [],
    );
    return `<g class="rg-span">${own.join('')}${boxSvg(span, placed, tops, colourOf(span.kind), tokens)}</g>`;
  });
  const style =
    '.rg-token-graph text{font-family:monospace;fill:currentColor}.rg-token-graph path{fill:none;stroke:currentColor;stroke-opacity:.55;stroke-width:1.2}' +
    '.rg-token-graph g:hover>g>path,.rg-token-graph g.rg-arc:hover>path{stroke-opacity:1;stroke-width:2.4}.rg-token-graph g:hover>rect{stroke-width:2.4}';
  const view = `${-MARGIN} 0 ${LINE.width + 2 * MARGIN} ${height + 4}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${view}" width="100%" role="img" aria-label="${escapeXml(plainText(tokens, spans, arcs))}" ` +
    `style="font-size:${SIZE}px"><style>${style}</style>${groups.join('')}${words.join('')}</svg>`
  );
}

function boxSvg(span: TokenSpan, placed: readonly Placed[], tops: readonly number[], colour: string, tokens: readonly string[]): string {
  const { start, end, label, certainty, kind, note } = span;
  const own = placed.slice(start, end + 1);
  const told = `${wordsOf(tokens, span)}: ${label} (${kind}${certainty ? `, ${certainty}` : ''})${note === undefined ? '' : ` ${note}`}`;
  const dashes = certainty === 'absent' ? ' stroke-dasharray="5 3"' : certainty === 'uncertain' ? ' stroke-dasharray="1.5 2.5"' : '';
  const boxes = [...new Set(own.map(({ line }) => line))].map((line, i) => {
    const here = own.filter((one) => one.line === line);
    const [x, right, y] = [here[0]!.x - 3, here.at(-1)!.x + here.at(-1)!.width + 3, tops[line]!];
    const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${(right - x).toFixed(1)}" height="${SIZE + 7}" rx="4" fill="${colour}" fill-opacity=".18" stroke="${colour}" stroke-width="1.3"${dashes}/>`;
    const strike =
      certainty === 'absent'
        ? `<line x1="${x.toFixed(1)}" x2="${right.toFixed(1)}" y1="${y + SIZE - 2}" y2="${y + SIZE - 2}" stroke="${colour}" stroke-width="1.6"/>`
        : '';
    const name = `<text x="${((x + right) / 2).toFixed(1)}" y="${y + SIZE + 16}" text-anchor="middle" style="font-size:8px" opacity=".8">${escapeXml(belowSpan(span))}</text>`;
    return `${box}${strike}${i === 0 ? name : ''}`;
  });
  return `<title>${escapeXml(told)}</title>${boxes.join('')}`;
}

function arcSvg(
  { line, x1, x2, leaves, enters, forward }: Piece,
  level: number,
  tops: readonly number[],
  arc: TokenArc,
  spans: readonly TokenSpan[],
  tokens: readonly string[],
): string {
  const [bottom, y] = [tops[line]! - 2, tops[line]! - LINE.above / 2 - level * LINE.level + 10];
  const [head, tail] = forward ? [x2, x1] : [x1, x2];
  const from = leaves ? `M${tail.toFixed(1)} ${bottom}V${y}` : `M${tail.toFixed(1)} ${y}`;
  const to = enters ? `V${bottom}m-3 -5l3 5l3 -5` : '';
  const told = `${wordsOf(tokens, spans[arc.from]!)} ${arc.label} ${wordsOf(tokens, spans[arc.to]!)}`;
  const label = `<text x="${labelMiddle({ x1, x2 }, arc.label).toFixed(1)}" y="${y - 2}" text-anchor="middle" style="font-size:8.5px" opacity=".85">${escapeXml(arc.label)}</text>`;
  return `<g class="rg-arc"><title>${escapeXml(told)}</title><path d="${from}H${head.toFixed(1)}${to}"/>${label}</g>`;
}

function legend(spans: readonly TokenSpan[], kinds: readonly string[], colourOf: ColourOf): string {
  const used = kinds.filter((kind) => spans.some((span) => span.kind === kind));
  const boxes = used.map((kind) => {
    const colour = colourOf(kind);
    return `<span style="border:1.3px solid ${colour};background:${colour}2e;border-radius:4px;padding:0 5px">${escapeHtml(kind)}</span>`;
  });
  const marks = [
    ...(spans.some(({ certainty }) => certainty === 'absent') ? ['dashed and struck out: absent'] : []),
    ...(spans.some(({ certainty }) => certainty === 'uncertain') ? ['dotted, with a question mark: uncertain'] : []),
  ];
  return `<div style="font-size:11px;display:flex;flex-wrap:wrap;gap:4px 10px">${boxes.join('')}<span style="opacity:.8">${marks.join('; ')}</span></div>`;
}

/** `[Small: OBS-DP; modify effusion] left …`. */
function plainText(tokens: readonly string[], spans: readonly TokenSpan[], arcs: readonly TokenArc[]): string {
  const starts = new Map(spans.map((span, i) => [span.start, { span, i }]));
  const out: string[] = [];
  for (let t = 0; t < tokens.length; ) {
    const found = starts.get(t);
    if (!found) {
      out.push(tokens[t++]!);
      continue;
    }
    const { span, i } = found;
    const own = arcs.filter(({ from }) => from === i).map(({ to, label }) => `; ${label} ${wordsOf(tokens, spans[to]!)}`);
    const doubt = span.certainty === undefined ? '' : `, ${span.certainty}`;
    const note = span.note === undefined ? '' : ` ${span.note}`;
    out.push(`[${wordsOf(tokens, span)}: ${span.label}${doubt}${note}${own.join('')}]`);
    t = span.end + 1;
  }
  return out.join(' ');
}
