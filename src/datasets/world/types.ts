/** What a scene of the small world is made of. */

/** Everything the small world can show, in a fixed order: flat shapes, things, and patterns that fill the image. */
export const WORLD_KINDS = [
  'disc',
  'ring',
  'square',
  'triangle',
  'bar',
  'cross',
  'star',
  'crescent',
  'ellipse',
  'arrow',
  'hexagon',
  'heart',
  'diamond',
  'sun',
  'moon',
  'cloud',
  'house',
  'tree',
  'hills',
  'mountains',
  'sea',
  'boat',
  'bird',
  'flower',
  'fish',
  'face',
  'starry sky',
  'stripes',
  'checkerboard',
  'bricks',
] as const;

export type WorldKind = (typeof WORLD_KINDS)[number];

/** Flat shapes. */
export type ShapeKind =
  | 'disc'
  | 'ring'
  | 'square'
  | 'triangle'
  | 'bar'
  | 'cross'
  | 'star'
  | 'crescent'
  | 'ellipse'
  | 'arrow'
  | 'hexagon'
  | 'heart'
  | 'diamond';

/** What can stand alone: shapes, and things drawn from several of them. */
export type FigureKind = ShapeKind | 'sun' | 'moon' | 'cloud' | 'house' | 'tree' | 'boat' | 'bird' | 'flower' | 'fish' | 'face';

export type Size = 'small' | 'medium' | 'large';
export type ToneName = 'dark' | 'grey' | 'bright';
export type TextureKind = 'stripes' | 'dots' | 'checks' | 'shade';
/** How a figure is turned, or what it does. */
export type Turn =
  | 'tilted'
  | 'inverted'
  | 'horizontal'
  | 'vertical'
  | 'diagonal'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'smiling'
  | 'frowning';

/** Side of the image, as one looks at it. */
export type ImageSide = 'left' | 'right';

/** Where something is in the image, from 0 to 1; y points down. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Several equal figures. */
export interface Group {
  readonly kind: FigureKind;
  readonly count: number;
  readonly size: Size;
  readonly tone: ToneName;
  readonly texture?: TextureKind;
  readonly turn?: Turn;
}
