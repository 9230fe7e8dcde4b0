/** Where the tokens, boxes and arcs of `tokenGraph` stand. */

/** Tokens that mean something. */
export interface TokenSpan {
  /** First and last token. */
  readonly start: number;
  readonly end: number;
  /** Stands below them, small. */
  readonly label: string;
  /** Spans of a kind share a colour; kinds take those of charts in the order in which they are given. */
  readonly kind: string;
  /** Stands behind the label, after the mark of doubt. */
  readonly note?: string;
  /** What is said to be absent is struck out in a dashed box; what is uncertain has a dotted one and a question mark. */
  readonly certainty?: 'absent' | 'uncertain';
}

/** A relation from one span to another, by their places among the spans. */
export interface TokenArc {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

export const SIZE = 13;
/** Of a character of the monospaced font; `textLength` makes it so in any. */
const CHARACTER = 7.8;
/** Of a character of an arc's label, and of one below a box. */
const LABEL = 5.2;
const BELOW = 4.9;
export const LINE: Readonly<Record<'width' | 'above' | 'level' | 'text', number>> = {
  width: 108 * CHARACTER,
  above: 8,
  level: 17,
  text: 34,
};

export interface Placed {
  readonly line: number;
  readonly x: number;
  readonly width: number;
}

/** A part of an arc that lies on one line: it leaves a span there, enters one, or comes from or goes on to another line. */
export interface Piece {
  readonly arc: number;
  readonly line: number;
  readonly x1: number;
  readonly x2: number;
  readonly leaves: boolean;
  readonly enters: boolean;
  /** Whether its head is on the right. */
  readonly forward: boolean;
}

/** What stands below a span. */
export const belowSpan = ({ label, certainty, note }: TokenSpan): string =>
  [label, ...(certainty === 'uncertain' ? ['?'] : []), ...(note === undefined ? [] : [note])].join(' ');

/** Where each token stands: lines break between tokens, before a span rather than in it where it fits on a line; spans with long labels stand farther apart. */
export function placeTokens(tokens: readonly string[], spans: readonly TokenSpan[]): Placed[] {
  const widths = tokens.map((token) => Math.max(1, [...token].length) * CHARACTER);
  const [before, after] = [widths.map(() => 0), widths.map(() => 0)];
  for (const span of spans) {
    const words = widths.slice(span.start, span.end + 1).reduce((sum, width) => sum + width + CHARACTER, -CHARACTER);
    const beyond = Math.max(0, [...belowSpan(span)].length * BELOW - words) / 2; // on each side
    before[span.start] = Math.max(before[span.start]!, beyond);
    after[span.end] = Math.max(after[span.end]!, beyond);
  }
  const placed: Placed[] = [];
  let [line, x] = [0, 0];
  tokens.forEach((_, i) => {
    const reach = Math.max(i, ...spans.flatMap(({ start, end }) => (start === i ? [end] : [])));
    let needed = -CHARACTER;
    for (let t = i; t <= reach; t++) needed += before[t]! + widths[t]! + CHARACTER + after[t]!;
    if (x > 0 && x + Math.min(needed, LINE.width) > LINE.width) [line, x] = [line + 1, 0];
    placed.push({ line, x: x + before[i]!, width: Math.min(widths[i]!, LINE.width) });
    x += before[i]! + widths[i]! + after[i]! + CHARACTER;
  });
  return placed;
}

/** The middle of a span's tokens on their first line. */
function anchorOf({ start, end }: TokenSpan, placed: readonly Placed[]): { line: number; x: number } {
  const own = placed.slice(start, end + 1).filter(({ line }) => line === placed[start]!.line);
  const [first, last] = [own[0]!, own.at(-1)!];
  return { line: first.line, x: (first.x + last.x + last.width) / 2 };
}

export function piecesOf(spans: readonly TokenSpan[], arcs: readonly TokenArc[], placed: readonly Placed[]): Piece[] {
  return arcs.flatMap(({ from, to }, arc): Piece[] => {
    const [a, b] = [anchorOf(spans[from]!, placed), anchorOf(spans[to]!, placed)];
    const forward = a.line < b.line || (a.line === b.line && a.x <= b.x);
    // Arcs that leave and enter the same place stand a little apart.
    const [start, end] = [a.x + (forward ? 4 : -4), b.x - (forward ? 4 : -4)];
    if (a.line === b.line)
      return [{ arc, line: a.line, x1: Math.min(start, end), x2: Math.max(start, end), leaves: true, enters: true, forward }];
    const edge = (up: boolean): number => (up ? LINE.width : 0);
    return [
      { arc, line: a.line, x1: Math.min(start, edge(forward)), x2: Math.max(start, edge(forward)), leaves: true, enters: false, forward },
      { arc, line: b.line, x1: Math.min(end, edge(!forward)), x2: Math.max(end, edge(!forward)), leaves: false, enters: true, forward },
    ];
  });
}

/** The middle of an arc's label: that of the piece, but not beyond the ends of the line. */
export function labelMiddle({ x1, x2 }: Pick<Piece, 'x1' | 'x2'>, label: string): number {
  const reach = (label.length * LABEL) / 2;
  return Math.min(Math.max((x1 + x2) / 2, reach), LINE.width - reach);
}

/** What a piece with its label takes of its line. */
function extentOf({ x1, x2, arc }: Piece, arcs: readonly TokenArc[]): [from: number, to: number] {
  const { label } = arcs[arc]!;
  const [middle, reach] = [labelMiddle({ x1, x2 }, label), (label.length * LABEL) / 2];
  return [Math.min(x1, middle - reach), Math.max(x2, middle + reach)];
}

/** The lowest level, from 1, on which each piece and its label meet no other of its line; short ones first. */
export function levelsOf(pieces: readonly Piece[], arcs: readonly TokenArc[]): number[] {
  const levels = new Array<number>(pieces.length).fill(0);
  const order = pieces.map((_, i) => i).sort((i, j) => pieces[i]!.x2 - pieces[i]!.x1 - (pieces[j]!.x2 - pieces[j]!.x1));
  const extents = pieces.map((piece) => extentOf(piece, arcs));
  for (const i of order) {
    const [from, to] = extents[i]!;
    const near = order.filter(
      (j) => levels[j]! > 0 && pieces[j]!.line === pieces[i]!.line && extents[j]![0] < to + 2 && extents[j]![1] > from - 2,
    );
    const taken = new Set(near.map((j) => levels[j]!));
    let level = 1;
    while (taken.has(level)) level++;
    levels[i] = level;
  }
  return levels;
}
