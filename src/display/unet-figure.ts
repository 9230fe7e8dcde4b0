import { barRaster, barTicks } from './colour-bar';
import { scaleColour } from './colour-scale';
import { type Displayable, displayable } from './displayable';
import { escapeXml } from './escape';
import { fontFamily } from './font';
import { encodePngSync, greyIfPossible } from './png';
import { rasterise } from './svg';

/** What shapes a U-Net: keys of its config.json, which may hold more. */
export interface UNetShape {
  /** Side of the latents. Default 64. */
  readonly sample_size?: number | null;
  /** Default 4. */
  readonly in_channels?: number;
  /** Default 4. */
  readonly out_channels?: number;
  readonly block_out_channels?: readonly number[];
  /** `CrossAttnDownBlock2D` reads the text, `DownBlock2D` does not; one for each level. */
  readonly down_block_types?: readonly string[];
  readonly up_block_types?: readonly string[];
}

/** How a U-Net is drawn. */
export interface UNetFigureOptions {
  /** Milliseconds of blocks by their names (`conv_in`, `down_blocks.0`, …, as `onBlock` calls them): they give the colours. */
  readonly times?: Readonly<Record<string, number>>;
  readonly title?: string;
}

/** A block of the drawing, in its place. */
interface Block {
  readonly name: string;
  readonly side: number;
  readonly channels: number;
  readonly text: boolean;
  readonly arm: 'down' | 'middle' | 'up';
  /** From 0, the finest; the middle is one below the last. */
  readonly level: number;
}

const width = 760;
const middle = width / 2;
const top = 66;
const gap = 34;
const convHeight = 10;

/**
 * A U-Net drawn as a U: down the left the image gets smaller (height) and its channels more (width), up the right the reverse; arrows across
 * are the skip connections. Blocks that read the text have a thick frame, a block's colour is its time. A pointer on a block tells its numbers.
 *
 * @param config  the model's config.json, or a `UNetConfig`
 * @throws RangeError where channels and block types differ in number
 * @example unetFigure(model.unet.config, { times: { 'down_blocks.0': 3.1 } })
 */
export function unetFigure(config: UNetShape, options: UNetFigureOptions = {}): Displayable {
  const { times, title = 'The U-Net' } = options;
  const blocks = blocksOf(config);
  const drawing = draw(config, blocks, times, title);
  const size = { width, height: drawing.height };
  const told = blocks.map((block) => tell(block, times));
  return displayable(
    (draft) => ({
      'text/html': `<div class="rg-unet" style="max-width:${width}px">${drawing.svg.replace('<svg ', '<svg style="width:100%;height:auto" ')}</div>`,
      ...(!draft && {
        'image/png': encodePngSync(greyIfPossible(rasterise(drawing.svg.replaceAll('currentColor', '#222222'), size))).toString('base64'),
      }),
      'text/plain': `[${title}: ${told.join('; ')}]`,
    }),
    () => ({ 'image/png': { width } }),
  );
}

function blocksOf(config: UNetShape): Block[] {
  const channels = config.block_out_channels ?? [320, 640, 1280, 1280];
  const last = channels.length - 1;
  const downTypes = config.down_block_types ?? channels.map((_, i) => (i < last ? 'CrossAttnDownBlock2D' : 'DownBlock2D'));
  const upTypes = config.up_block_types ?? channels.map((_, i) => (i > 0 ? 'CrossAttnUpBlock2D' : 'UpBlock2D'));
  for (const [key, types] of Object.entries({ down_block_types: downTypes, up_block_types: upTypes })) {
    if (types.length !== channels.length)
      throw new RangeError(`unetFigure: ${key}: expected ${channels.length}, one per level, got ${types.length}`);
  }
  const side = (level: number): number => Math.ceil((config.sample_size ?? 64) / 2 ** level);
  const text = (type: string): boolean => type.startsWith('CrossAttn');
  const ends = { side: side(0), channels: channels[0]!, text: false, level: -1 };
  return [
    { ...ends, name: 'conv_in', arm: 'down' },
    ...downTypes.map((type, i) => ({
      name: `down_blocks.${i}`,
      side: side(i),
      channels: channels[i]!,
      text: text(type),
      arm: 'down' as const,
      level: i,
    })),
    { name: 'mid_block', side: side(last), channels: channels[last]!, text: true, arm: 'middle', level: last + 1 },
    ...upTypes.map((type, i) => ({
      name: `up_blocks.${i}`,
      side: side(last - i),
      channels: channels[last - i]!,
      text: text(type),
      arm: 'up' as const,
      level: last - i,
    })),
    { ...ends, name: 'conv_norm_out', arm: 'up' },
  ];
}

function tell({ name, side, channels, text }: Block, times: UNetFigureOptions['times']): string {
  const ms = times?.[name];
  return `${name} ${side} × ${side} × ${channels}${text ? ', reads the text' : ''}${ms === undefined ? '' : `, ${ms.toFixed(1)} ms`}`;
}

/** The SVG; text and lines in the colour of the page around it. */
function draw(
  config: UNetShape,
  blocks: readonly Block[],
  times: UNetFigureOptions['times'],
  title: string,
): { readonly svg: string; readonly height: number } {
  const levels = Math.max(...blocks.map(({ level }) => level));
  const [finest, widest] = [Math.max(...blocks.map(({ side }) => side)), Math.max(...blocks.map(({ channels }) => channels))];
  const heightOf = ({ level, side }: Block): number => (level < 0 ? convHeight : 14 + (90 * side) / finest);
  const widthOf = ({ channels }: Block): number => 12 + (84 * channels) / widest;
  const tops: number[] = [];
  let y = top;
  for (let level = -1; level <= levels; level++) {
    tops.push(y);
    y += heightOf(blocks.find((block) => block.level === level)!) + gap;
  }
  const place = (block: Block): { x: number; y: number; w: number; h: number } => {
    const [w, h] = [widthOf(block), heightOf(block)];
    // The arms come nearer to each other going down, to the middle that joins them.
    const away = 195 - (90 * Math.max(0, block.level)) / levels;
    const centre = block.arm === 'middle' ? middle : middle + (block.arm === 'down' ? -away : away);
    return { x: centre - w / 2, y: tops[block.level + 1]!, w, h };
  };
  const longest = Math.max(...Object.values(times ?? {}).filter(Number.isFinite), 1e-9);
  const boxes = blocks.map((block) => {
    const { x, y, w, h } = place(block);
    const ms = times?.[block.name];
    const fill = ms === undefined ? 'rgb(86,180,233)' : `rgb(${scaleColour(ms / longest).map((v) => Math.round(255 * v))})`;
    const frame = `stroke="currentColor" stroke-width="${block.text ? 3 : 1}"`;
    const label = labelOf(block, x, y, w, h, ms);
    return `<g><title>${escapeXml(tell(block, times))}</title><rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" rx="2" fill="${fill}" ${frame}/>${label}</g>`;
  });
  const arrows = blocks.slice(1).map((block, i) => between(place(blocks[i]!), place(block)));
  const skips = blocks
    .filter(({ arm }) => arm === 'down')
    .flatMap((block) => {
      const partner = blocks.find(({ arm, level }) => arm === 'up' && level === block.level)!;
      if (block.level < 0) return [];
      const [from, to] = [place(block), place(partner)];
      const at = from.y + from.h / 2;
      return [`<path d="M${n(from.x + from.w + 4)} ${n(at)}H${n(to.x - 6)}" stroke-dasharray="5 4" ${stroke}/>`];
    });
  const ends = [...blocks.slice(0, 1), ...blocks.slice(-1)].map((block, i) => {
    const { x, y, w } = place(block);
    const channels = (i === 0 ? config.in_channels : config.out_channels) ?? 4;
    const text = `${i === 0 ? 'noisy latents' : 'prediction'} ${block.side} × ${block.side} × ${channels}`;
    const [from, to] = i === 0 ? [y - 18, y - 4] : [y - 3, y - 16];
    return `${words(x + w / 2, y - 24, text, 'middle')}<path d="M${n(x + w / 2)} ${from}V${to}" ${stroke}/>`;
  });
  const [legend, legendHeight] = legendOf(times && longest, y);
  const height = y + legendHeight;
  const described = `A U of ${blocks.length} blocks: ${blocks.map((block) => tell(block, times)).join('; ')}.`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="${fontFamily}, sans-serif" font-size="12">` +
    `<title>${escapeXml(title)}</title><desc>${escapeXml(described)}</desc>` +
    `<defs><marker id="rg-unet-tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>` +
    `<text x="12" y="16" font-size="15" fill="currentColor">${escapeXml(title)}</text>` +
    `${skips.join('')}${arrows.join('')}${boxes.join('')}${ends.join('')}${legend}</svg>`;
  return { svg, height };
}

const stroke = 'fill="none" stroke="currentColor" stroke-opacity="0.7" marker-end="url(#rg-unet-tip)"';
const n = (value: number): string => String(Math.round(10 * value) / 10);

function words(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}" fill="currentColor">${escapeXml(text)}</text>`;
}

/** Beside a block, outside the U; under the middle. */
function labelOf({ name, side, channels, arm, level }: Block, x: number, y: number, w: number, h: number, ms: number | undefined): string {
  const size = level < 0 ? '' : `${side} × ${side} × ${channels}`;
  const time = ms === undefined ? '' : `${ms.toFixed(1)} ms`;
  const lines =
    level < 0 || arm === 'middle' ? [[name, size, time].filter(Boolean).join(', ')] : [name, [size, time].filter(Boolean).join(', ')];
  if (arm === 'middle') return words(x + w / 2, y + h + 15, lines[0]!, 'middle');
  const [at, anchor] = arm === 'down' ? [x - 8, 'end' as const] : [x + w + 8, 'start' as const];
  const first = y + h / 2 + 4 - 7.5 * (lines.length - 1);
  return lines.map((line, i) => words(at, first + 15 * i, line, anchor)).join('');
}

type Place = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

/** The way of the data from one block to the next: down, up, or at the bottom across. */
function between(from: Place, to: Place): string {
  const [a, b] = [from.x + from.w / 2, to.x + to.w / 2];
  const down = to.y > from.y;
  const [start, end] = down ? [from.y + from.h + 3, to.y - 5] : [from.y - 3, to.y + to.h + 5];
  return `<path d="M${n(a)} ${n(start)}L${n(b)} ${n(end)}" ${stroke}/>`;
}

/** What frames, arrows and colours mean. */
function legendOf(longest: number | undefined, y: number): [svg: string, height: number] {
  const key =
    `<rect x="12" y="${y}" width="16" height="12" fill="none" stroke="currentColor" stroke-width="3"/>${words(36, y + 11, 'reads the text (cross-attention)', 'start')}` +
    `<path d="M280 ${y + 6}H312" stroke-dasharray="5 4" ${stroke}/>${words(322, y + 11, 'skip connection: joined to the way up', 'start')}`;
  if (longest === undefined) return [key, 24];
  const bar = { low: 0, high: longest, unit: 'ms' };
  const png = encodePngSync(barRaster(bar, 128, 1)).toString('base64');
  const colours = `<image x="590" y="${y}" width="128" height="11" preserveAspectRatio="none" href="data:image/png;base64,${png}"/>`;
  const ticks = barTicks(bar).map(({ at, text }) =>
    words(590 + 128 * at, y + 25, at === 0 ? text : `${text} ms`, at === 0 ? 'start' : 'end'),
  );
  return [`${key}${colours}${ticks.join('')}`, 34];
}
