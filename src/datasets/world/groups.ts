/** Groups of equal figures: how they look, how they are drawn and what they are called. */

import { type Draws, fill, withArticle } from '../procedural';
import { figure } from './figures';
import type { Ground } from './grounds';
import { flat, type Layer, texture } from './paint';
import type { Terse } from './scene';
import { worldSettings } from './settings';
import type { FigureKind, Group, Place, Size, TextureKind, ToneName, Turn } from './types';

/** Greys that a tone's word stands for. */
export const GREY: Readonly<Record<ToneName, readonly [number, number]>> = { dark: [0.03, 0.12], grey: [0.46, 0.54], bright: [0.9, 1] };
/** Least difference of grey between a figure and what is behind it. */
const CONTRAST = 0.25;

/** Solid enough to carry a texture. */
const TEXTURED: readonly FigureKind[] = ['disc', 'square', 'triangle', 'ellipse', 'hexagon', 'heart', 'diamond'];
/** Ways to turn each kind, one of which is always chosen where `undefined` is not among them. */
const TURNS: Readonly<Partial<Record<FigureKind, readonly (Turn | undefined)[]>>> = {
  square: [undefined, undefined, 'tilted'],
  triangle: [undefined, undefined, 'inverted'],
  bar: ['horizontal', 'vertical', 'diagonal'],
  cross: [undefined, undefined, 'tilted'],
  ellipse: ['horizontal', 'vertical', 'diagonal'],
  arrow: ['up', 'down', 'left', 'right'],
  heart: [undefined, undefined, undefined, 'inverted'],
  fish: ['left', 'right'],
  face: ['smiling', 'frowning'],
};
/** Turns that follow the noun. */
const AFTER: readonly Turn[] = ['up', 'down', 'left', 'right'];

/** Any kind that may stand alone, with its weight. */
export function chooseKind(random: Draws, except: readonly FigureKind[] = []): FigureKind {
  const kinds = Object.entries(worldSettings().kinds).filter(([kind]) => !except.includes(kind as FigureKind));
  return kinds[random.weighted(kinds.map(([, { weight }]) => weight))]![0] as FigureKind;
}

/** Things have details, which a small drawing loses. */
export const detailed = (kind: FigureKind): boolean => ['house', 'face', 'flower', 'fish', 'boat', 'tree', 'cloud'].includes(kind);

/** Tones that differ well from a background. */
export function tonesOn({ range: [low, high] }: Pick<Ground, 'range'>): ToneName[] {
  return (Object.keys(GREY) as ToneName[]).filter((name) => {
    const [from, to] = GREY[name];
    return from - high >= CONTRAST || low - to >= CONTRAST;
  });
}

/** A group with drawn looks; `textured` where its figures are large enough. */
export function chooseGroup(
  random: Draws,
  on: Pick<Ground, 'range'>,
  given: { readonly kind: FigureKind; readonly count: number; readonly size: Size },
): Group {
  const [toTexture, which] = [random.uniform(0, 1), random.pick<TextureKind>(['stripes', 'dots', 'checks', 'shade'])];
  const tone = random.pick(tonesOn(on));
  const turn = random.pick(TURNS[given.kind] ?? [undefined]);
  const textured = TEXTURED.includes(given.kind) && given.size !== 'small' && given.count === 1 && toTexture < 0.4;
  return { ...given, tone, ...(turn ? { turn } : {}), ...(textured ? { texture: which } : {}) };
}

/** The two greys of a texture: both stand out from the background where they can, the lighter first. */
function textureGreys([low, high]: readonly [number, number]): readonly [number, number] {
  const middle = (low + high) / 2;
  return middle < 0.3 ? [0.97, 0.5] : middle > 0.65 ? [0.5, 0.03] : [0.97, 0.04];
}

/** Draws a group with a figure of radius r at each place. */
export function drawGroup(group: Group, places: readonly Place[], r: number, on: Pick<Ground, 'range'>, random: Draws): Layer[] {
  const [low, high] = GREY[group.tone];
  const grey = random.uniform(low, high);
  const look = {
    turn: group.turn,
    lean: group.kind === 'cross' ? Math.PI / 4 : random.pick([-1, 1]) * random.uniform(0.3, 0.45),
    variant: random.uniform(0, 1),
  };
  const angle = random.pick([0, Math.PI / 2, Math.PI / 4, -Math.PI / 4]);
  const [a, b] = textureGreys(on.range);
  return places.flatMap(({ x, y }) => {
    const pose = { x, y, r };
    const tone = group.texture ? texture(group.texture, a, b, pose, angle) : flat(grey);
    return figure(group.kind, pose, { tone, detail: grey > 0.4 ? 0.04 : 0.96 }, look);
  });
}

/** A noun phrase such as "two small bright discs". */
export function nameGroup(group: Group, random: Draws, terse: Terse): string {
  const words = worldSettings();
  const { kind, count, size, tone, texture: pattern, turn } = group;
  const all = [
    words.sizes[size],
    pattern ? words.textures[pattern] : words.tones[tone],
    turn && !AFTER.includes(turn) ? words.turns[turn] : [''],
  ].map((list) => random.pick(list));
  const said = all.map((word) => (random.chance(0.85) ? word : ''));
  const only = random.weighted(all.map((word) => (word === '' ? 0.001 : 1)));
  const adjectives = terse === 0 ? said : all.map((word, i) => (terse === 1 && i === only ? word : ''));
  const noun = random.pick(count === 1 ? words.kinds[kind].one : words.kinds[kind].many);
  const verb = kind === 'fish' ? 'swimming' : 'pointing';
  const tail = turn && AFTER.includes(turn) && terse < 2 && random.chance(0.85) ? fill(words.turns[turn], { verb }, random) : '';
  const phrase = [...adjectives, noun, tail].filter((word) => word !== '').join(' ');
  return count === 1 ? withArticle(phrase) : `${words.numbers[count] ?? 'many'} ${phrase}`;
}
