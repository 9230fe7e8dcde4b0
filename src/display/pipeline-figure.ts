import { type Displayable, displayable } from './displayable';
import { escapeHtml } from './escape';
import { notForDiagnosis, palette } from './palette';

/** The sizes of a text-to-image model, as its drawing shows them. */
export interface PipelineShapes {
  /** Tokens that the text encoder reads, and how many different ones there are. */
  readonly tokens: number;
  readonly vocabulary: number;
  /** Length of the vector that the text encoder makes of each token. */
  readonly contextWidth: number;
  /** Height, width and channels of what is denoised. */
  readonly latents: readonly [height: number, width: number, channels: number];
  /** Denoising steps of one image. */
  readonly steps: number;
  /** Height, width and channels. */
  readonly image: readonly [height: number, width: number, channels: number];
}

/** The boxes of the drawing. */
export type PipelinePart = 'words' | 'tokens' | 'text encoder' | 'noise' | 'U-Net' | 'scheduler' | 'decoder' | 'image';

interface Box {
  readonly part: PipelinePart;
  readonly what: string;
  readonly shape: string;
  readonly colour: string;
}

/** What carries text, what is still noise, and what is an image: the palette's blue, orange and green. */
const [text, noise, image] = [palette[0]!, palette[4]!, palette[2]!];

/**
 * A latent diffusion model as one drawing: words → tokens → text encoder, which tells a U-Net at every step what is asked for; noise → U-Net and
 * scheduler, again and again → decoder → image. Boxes and arrows are plain HTML, so they take the theme's ink, fold where it is narrow, and can be read out.
 *
 * @param shapes  what stands in the boxes
 * @param links   where a click on a box's name leads, such as a notebook; a saved report has the names alone
 * @example pipelineFigure(pipelineShapes(recipe), { 'U-Net': '06-inside-the-unet.ipynb' })
 */
export function pipelineFigure(shapes: PipelineShapes, links: Readonly<Partial<Record<PipelinePart, string>>> = {}): Displayable {
  const { tokens, vocabulary, contextWidth, latents, steps } = shapes;
  const [latentShape, imageShape] = [latents, shapes.image].map((shape) => shape.join(' × ')) as [string, string];
  const boxes: Readonly<Record<PipelinePart, Box>> = {
    words: { part: 'words', what: 'what the image should show', shape: 'a sentence', colour: text },
    tokens: { part: 'tokens', what: `numbers below ${vocabulary}`, shape: `${tokens}`, colour: text },
    'text encoder': { part: 'text encoder', what: 'a vector for each token', shape: `${tokens} × ${contextWidth}`, colour: text },
    noise: { part: 'noise', what: 'drawn from the seed', shape: latentShape, colour: noise },
    'U-Net': { part: 'U-Net', what: 'says what is noise', shape: latentShape, colour: noise },
    scheduler: { part: 'scheduler', what: 'takes some of it away', shape: latentShape, colour: noise },
    decoder: { part: 'decoder', what: 'turns latents into pixels', shape: imageShape, colour: image },
    image: { part: 'image', what: notForDiagnosis, shape: imageShape, colour: image },
  };
  const draw = (...parts: PipelinePart[]): string => parts.map((part) => boxHtml(boxes[part], links[part])).join(arrow);
  const lane = (content: string): string => `<div style="${line}">${content}${arrow}</div>`;
  const inputs = `<div style="display:flex;flex-direction:column;align-items:flex-end;gap:10px">${lane(draw('words', 'tokens', 'text encoder'))}${lane(draw('noise'))}</div>`;
  const loop =
    `<div style="border:1px dashed ${noise};border-radius:8px;padding:4px 8px 8px">` +
    `<div style="font-size:12px;margin-bottom:4px"><b>↻ ${steps} times</b>, from noise to latents</div>` +
    `<div style="${line}">${draw('U-Net', 'scheduler')}</div></div>`;
  const end = `<div style="${line}">${draw('decoder', 'image')}</div>`;
  const rest = `<div style="${line};align-items:center">${loop}${arrow}${end}</div>`;
  const html = `<div class="rg-pipeline" style="display:flex;flex-wrap:wrap;align-items:center;gap:10px 0;line-height:1.3">${inputs}${rest}</div>`;
  const told = (part: PipelinePart): string => `${part} (${boxes[part].shape})`;
  const plain =
    `${told('words')} → ${told('tokens')} → ${told('text encoder')} → U-Net; ${told('noise')} → ` +
    `${steps} times [${told('U-Net')} → ${told('scheduler')}] → ${told('decoder')} → ${told('image')}`;
  return displayable(() => ({ 'text/html': html, 'text/plain': plain }));
}

const line = 'display:flex;flex-wrap:wrap;align-items:stretch;gap:6px 0';
const arrow = '<span style="align-self:center;padding:0 6px;font-size:17px;opacity:.75">→</span>';

function boxHtml({ part, what, shape, colour }: Box, link: string | undefined): string {
  const name = `${part[0]!.toUpperCase()}${part.slice(1)}`;
  const title = link === undefined ? name : `<a href="${escapeHtml(link)}">${name}</a>`;
  // Tinted, not filled: the text keeps the theme's own ink.
  const style = `width:108px;padding:5px 6px;border:1px solid ${colour};border-radius:6px;background:${colour}1f;text-align:center;font-size:12px`;
  return (
    `<div style="${style}"><div style="font-size:13px;font-weight:600">${title}</div>` +
    `<div style="opacity:.85">${what}</div><div style="font-family:monospace;margin-top:2px">${shape}</div></div>`
  );
}
