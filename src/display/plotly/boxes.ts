import { lineExtent, textWidth } from '../font';

/**
 * Sizes of SVG elements, which jsdom does not know since it lays nothing out. Plotly asks for them to place titles,
 * legends and margins; with boxes of size zero it drops tick labels without a word. Text is measured with the advances of the font
 * that the picture is drawn with.
 */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** [a, b, c, d, e, f] of SVG 1.1, section 7.4: x' = a x + c y + e, y' = b x + d y + f. */
type Matrix = readonly [number, number, number, number, number, number];

const identity: Matrix = [1, 0, 0, 1, 0, 0];

/** Box of an element in its own coordinates, before its own transform (SVG's getBBox); undefined where it draws nothing. */
export function localBox(element: Element): Box | undefined {
  const name = element.nodeName.toLowerCase();
  if (name === 'text') return textBox(element);
  if (name === 'rect' || name === 'image') return rectBox(element);
  if (name === 'path') return pathBox(element.getAttribute('d') ?? '');
  if (name === 'line')
    return around(
      ['x1', 'x2'].map((key) => number(element, key)),
      ['y1', 'y2'].map((key) => number(element, key)),
    );
  if (name === 'defs' || name === 'clippath' || name === 'title') return undefined;
  let box: Box | undefined;
  for (const child of Array.from(element.children)) {
    const inner = localBox(child);
    if (inner) box = union(box, transformed(inner, ownMatrix(child)));
  }
  return box;
}

/** Box of an element in the coordinates of the outermost SVG (a browser's getBoundingClientRect, the SVG being at 0, 0). */
export function pageBox(element: Element): Box | undefined {
  let box = localBox(element);
  for (let at: Element | null = element; box && at && at.nodeName.toLowerCase() !== 'svg'; at = at.parentElement) {
    box = transformed(box, ownMatrix(at));
  }
  return box;
}

/** Width of a text element's widest line in pixels (SVG's getComputedTextLength). */
export function textLength(element: Element): number {
  return Math.max(...lines(element).map(lineWidth));
}

function textBox(text: Element): Box {
  const size = fontSize(text);
  const { ascent, descent } = lineExtent(size);
  const rows = lines(text);
  const width = Math.max(...rows.map(lineWidth));
  const x = number(rows[0]!, 'x') || number(text, 'x');
  const y = number(rows[0]!, 'y') || number(text, 'y');
  const anchor = styled(text, 'text-anchor') ?? 'start';
  const left = x - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
  const last = rows[rows.length - 1]!;
  const top = y + ems(rows[0]!) * size - ascent;
  return { left, top, right: left + width, bottom: y + ems(last) * size + descent };
}

/** A text's lines: Plotly puts each into a tspan of class line; a text without them is one line. */
function lines(text: Element): Element[] {
  const rows = Array.from(text.querySelectorAll('tspan.line'));
  return rows.length > 0 ? rows : [text];
}

function lineWidth(line: Element): number {
  let width = 0;
  for (const node of Array.from(line.childNodes)) {
    if (node.nodeType === 3) width += textWidth(node.nodeValue ?? '', fontSize(line), isBold(line));
    else if (node.nodeType === 1) width += lineWidth(node as Element);
  }
  return width;
}

/** The vertical shift of a line in units of the font size (dy="1.3em"). */
function ems(line: Element): number {
  const shift = /^(-?[\d.]+)em$/.exec(line.getAttribute('dy') ?? '');
  return shift ? Number(shift[1]) : 0;
}

/** Font size in pixels, from the element or the nearest one around it that sets it; percentages multiply. */
function fontSize(element: Element): number {
  let factor = 1;
  for (let at: Element | null = element; at; at = at.parentElement) {
    const value = ownStyle(at, 'font-size');
    if (!value) continue;
    if (!value.endsWith('%')) return factor * Number.parseFloat(value);
    factor *= Number.parseFloat(value) / 100;
  }
  return factor * 12;
}

function isBold(element: Element): boolean {
  const weight = styled(element, 'font-weight');
  return weight === 'bold' || Number(weight) >= 600;
}

/** A property's value on the element or on the nearest one around it. */
function styled(element: Element, property: string): string | undefined {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const value = ownStyle(at, property);
    if (value) return value;
  }
  return undefined;
}

// Read from the attribute's text: jsdom's parsed style declarations are ten times slower.
function ownStyle(element: Element, property: string): string | undefined {
  const style = element.getAttribute('style');
  const at = style ? style.indexOf(`${property}:`) : -1;
  if (style && at >= 0)
    return style
      .slice(at + property.length + 1)
      .split(';', 1)[0]!
      .trim();
  return element.getAttribute(property) ?? undefined;
}

function rectBox(element: Element): Box {
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((key) => number(element, key)) as [number, number, number, number];
  return { left: x, top: y, right: x + width, bottom: y + height };
}

/** Box of a path's end points with absolute and relative lines; curves count with their end points. */
function pathBox(d: string): Box | undefined {
  const xs: number[] = [];
  const ys: number[] = [];
  let [x, y] = [0, 0];
  for (const [, command, values] of d.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)) {
    const numbers = (values!.match(/-?\d*\.?\d+(?:e-?\d+)?/g) ?? []).map(Number);
    const upper = command!.toUpperCase();
    const [x0, y0] = command === upper ? [0, 0] : [x, y];
    if (numbers.length === 0) continue;
    if (upper === 'H') x = x0 + numbers[numbers.length - 1]!;
    else if (upper === 'V') y = y0 + numbers[numbers.length - 1]!;
    else {
      x = x0 + numbers[numbers.length - 2]!;
      y = y0 + numbers[numbers.length - 1]!;
    }
    xs.push(x);
    ys.push(y);
  }
  return xs.length > 0 ? around(xs, ys) : undefined;
}

function around(xs: readonly number[], ys: readonly number[]): Box {
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function union(a: Box | undefined, b: Box): Box {
  return a ? around([a.left, a.right, b.left, b.right], [a.top, a.bottom, b.top, b.bottom]) : b;
}

function number(element: Element, attribute: string): number {
  return Number.parseFloat(element.getAttribute(attribute) ?? '') || 0;
}

function transformed(box: Box, [a, b, c, d, e, f]: Matrix): Box {
  const corners = [box.left, box.right].flatMap((x) => [box.top, box.bottom].map((y) => [a * x + c * y + e, b * x + d * y + f] as const));
  return around(
    corners.map(([x]) => x),
    corners.map(([, y]) => y),
  );
}

/** The element's transform attribute as one matrix: translate, rotate, scale and matrix, from left to right. */
function ownMatrix(element: Element): Matrix {
  let result = identity;
  for (const [, name, list] of (element.getAttribute('transform') ?? '').matchAll(/(\w+)\(([^)]*)\)/g)) {
    const v = list!
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(Number);
    if (name === 'translate') result = multiply(result, [1, 0, 0, 1, v[0] ?? 0, v[1] ?? 0]);
    else if (name === 'scale') result = multiply(result, [v[0] ?? 1, 0, 0, v[1] ?? v[0] ?? 1, 0, 0]);
    else if (name === 'matrix') result = multiply(result, v as unknown as Matrix);
    else if (name === 'rotate') result = multiply(result, rotation(v[0] ?? 0, v[1] ?? 0, v[2] ?? 0));
  }
  return result;
}

function rotation(degrees: number, x: number, y: number): Matrix {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y];
}

function multiply(m: Matrix, n: Matrix): Matrix {
  return [
    m[0] * n[0] + m[2] * n[1],
    m[1] * n[0] + m[3] * n[1],
    m[0] * n[2] + m[2] * n[3],
    m[1] * n[2] + m[3] * n[3],
    m[0] * n[4] + m[2] * n[5] + m[4],
    m[1] * n[4] + m[3] * n[5] + m[5],
  ];
}
