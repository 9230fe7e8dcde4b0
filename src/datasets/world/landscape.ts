/** Scenes with a horizon: land or sea below a sky by day or by night. */

import { type Draws, fill, withArticle } from '../procedural';
import { figure } from './figures';
import { flat, type Layer, ramp, type Tone } from './paint';
import type { Scene, Terse } from './scene';
import { type LandKind, worldSettings } from './settings';
import { circle } from './shapes';
import type { FigureKind, ImageSide, WorldKind } from './types';

/** Greys of a time of day. */
interface Light {
  readonly sky: Tone;
  readonly land: number;
  readonly far: number;
  readonly thing: number;
  readonly detail: number;
  readonly lamp: number;
  readonly cloud: number;
  readonly bird: number;
}

const daylight = (random: Draws): Light => {
  const top = random.uniform(0.5, 0.62);
  return {
    sky: ramp(Math.PI / 2, 0, 0.65, top, top + 0.14),
    land: random.uniform(0.3, 0.38),
    far: random.uniform(0.42, 0.48),
    thing: random.uniform(0.02, 0.1),
    detail: 0.9,
    lamp: 1,
    cloud: 0.97,
    bird: 0.05,
  };
};

const darkness = (random: Draws): Light => ({
  sky: ramp(Math.PI / 2, 0, 0.65, random.uniform(0, 0.04), 0.14),
  land: random.uniform(0.26, 0.32),
  far: random.uniform(0.4, 0.46),
  thing: random.uniform(0.66, 0.76),
  detail: 0.1,
  lamp: 0.98,
  cloud: 0.5,
  bird: 0.8,
});

/** Points of light in a night sky. */
const STARS = 26;

const everywhere = [0, 0, 1, 1] as const;

/** Land whose surface is at height `level(x)`. */
const below = (level: (x: number) => number, tone: Tone): Layer => ({ distance: (x, y) => 0.8 * (level(x) - y), tone, box: everywhere });

/** The land's layers; figures stand at height `ground(x)`. */
function makeLand(kind: LandKind, light: Light, random: Draws): { layers: Layer[]; ground: (x: number) => number } {
  const horizon = random.uniform(0.66, 0.72);
  const [phase, swing] = [random.uniform(0, 1), random.uniform(0.8, 1.2)];
  const even = (): number => horizon;
  switch (kind) {
    case 'field':
      return { layers: [below(even, flat(light.land))], ground: even };
    case 'hills': {
      const hill = (x: number, waves: number, shift: number): number => Math.sin(2 * Math.PI * (waves * x + shift));
      const back = (x: number): number => horizon - 0.06 - 0.07 * swing * hill(x, 1.1, phase);
      const front = (x: number): number => horizon + 0.06 + 0.06 * swing * hill(x, 1.4, phase + 0.4);
      return { layers: [below(back, flat(light.far)), below(front, flat(light.land))], ground: front };
    }
    case 'mountains': {
      const period = 0.34 * swing;
      const peak = (x: number): number => {
        const at = x / period + phase;
        const tall = 0.22 + 0.12 * (((Math.floor(at) * 7) % 3) / 2); // neighbours differ in height
        return horizon + 0.03 - tall * (1 - Math.abs(2 * (at - Math.floor(at)) - 1));
      };
      const snow = Math.min(1, light.far + 0.5);
      const rock: Layer = below(peak, (_, y) => (y < horizon - 0.17 ? snow : light.far));
      return { layers: [rock, below(() => horizon + 0.02, flat(light.land))], ground: () => horizon + 0.1 };
    }
    case 'sea': {
      const wave = (x: number, row: number): number =>
        horizon + 0.085 * row + 0.016 * Math.sin(2 * Math.PI * (4.5 * x + phase + 0.37 * row));
      const greys = [light.land, light.land + 0.22];
      const layers = [0, 1, 2, 3].map((row) => below((x) => wave(x, row), flat(greys[row % 2]!)));
      return { layers, ground: () => horizon + 0.03 };
    }
  }
}

/** What stands somewhere, and how it is said. */
interface Standing {
  readonly kind: FigureKind;
  readonly count: number;
  readonly side?: ImageSide;
}

function nameStanding({ kind, count, side }: Standing, draws: Draws, terse: Terse): string {
  const { kinds, numbers, places, landscape } = worldSettings();
  const where = side ? ` ${terse < 2 ? fill(places[side], {}, draws) : `on the ${side}`}` : '';
  if (kind === 'sun' || kind === 'moon') return `${fill(terse < 2 ? landscape[kind] : [`the ${kind}`], {}, draws)}${where}`;
  const noun = draws.pick(count === 1 ? kinds[kind].one : kinds[kind].many);
  return `${count === 1 ? withArticle(noun) : `${numbers[count]} ${noun}`}${where}`;
}

const X: Readonly<Record<ImageSide | 'middle', number>> = { left: 0.26, middle: 0.5, right: 0.74 };

/** Figures of one kind in a part of the image. */
function place(
  { kind, count, side }: Standing,
  at: { readonly r: number; readonly y: (x: number) => number; readonly tone: number; readonly detail: number },
  random: Draws,
): Layer[] {
  const middle = X[side ?? 'middle'];
  const gap = Math.max(2.15 * at.r, kind === 'bird' ? 0.2 : 0);
  const variant = random.uniform(0, 1);
  return Array.from({ length: count }, (_, i) => {
    const x = middle + (i - (count - 1) / 2) * gap + random.uniform(-0.01, 0.01);
    const lift = kind === 'bird' ? 0.045 * (i % 2) : 0;
    return figure(kind, { x, y: at.y(x) + lift, r: at.r }, { tone: flat(at.tone), detail: at.detail }, { lean: 0, variant });
  }).flat();
}

/** What stands on the land: nothing, one kind, or two on both sides. */
function chooseThings(land: LandKind, random: Draws): Standing[] {
  const first: FigureKind = land === 'sea' ? 'boat' : random.pick(['house', 'tree']);
  const layout = random.weighted(land === 'field' ? [0, 3, 3, 3] : [1.5, 3, 3, land === 'sea' ? 0 : 3]);
  const [side, count] = [random.pick<ImageSide>(['left', 'right']), random.pick([1, 1, 2, 3])];
  if (layout === 0) return [];
  if (layout === 1) return [{ kind: first, count }];
  const sided = { kind: first, count: Math.min(2, count), side };
  if (layout === 2) return [sided];
  return [sided, { kind: first === 'house' ? 'tree' : 'house', count: random.pick([1, 1, 2]), side: side === 'left' ? 'right' : 'left' }];
}

/** A landscape or a sea, with what is on it and above it. */
export function landscape(random: Draws): Scene {
  const { landscape: settings } = worldSettings();
  const lands = Object.keys(settings.land) as LandKind[];
  const land = lands[random.weighted(lands.map((kind) => settings.land[kind]))]!;
  const night = random.chance(settings.night);
  const light = night ? darkness(random) : daylight(random);
  const made = makeLand(land, light, random);
  const things = chooseThings(land, random);
  const side = random.pick([undefined, 'left', 'right'] as const);
  const above: Standing[] = night
    ? random.chance(0.6)
      ? [{ kind: 'moon', count: 1, side }]
      : []
    : [
        [{ kind: 'sun' as const, count: 1, side }],
        [{ kind: 'cloud' as const, count: side ? 1 : random.pick([1, 2]), side }],
        [{ kind: 'bird' as const, count: side ? 2 : random.pick([2, 3]), side }],
        [],
      ][random.weighted([2.5, 2, 2.5, 0.7])]!;

  const stars: Layer[] = [];
  if (night) {
    for (let i = 0; i < STARS; i++) {
      const [x, y, r] = [random.uniform(0.02, 0.98), random.uniform(0.02, 0.5), random.uniform(0.008, 0.014)];
      stars.push({ distance: circle(x, y, r), tone: flat(random.uniform(0.7, 1)), box: [x - r, y - r, x + r, y + r] });
    }
  }
  const skyHeight = random.uniform(0.15, 0.2);
  const skyLayers = above.flatMap((one) => {
    const { kind } = one;
    const r = kind === 'sun' ? 0.13 : kind === 'moon' ? 0.1 : kind === 'cloud' ? 0.16 : 0.08;
    const tone = kind === 'cloud' ? light.cloud : kind === 'bird' ? light.bird : light.lamp;
    return place(one, { r, y: () => skyHeight, tone, detail: 0.5 }, random);
  });
  const standing = things.flatMap((one) => {
    const r = one.side ? (one.count > 1 ? 0.1 : 0.15) : one.count > 1 ? 0.13 : 0.17;
    const foot = one.kind === 'boat' ? 0.62 : 0.78; // a hull lies in the water, a wall stands on the ground
    return place(one, { r, y: (x) => made.ground(x) - foot * r, tone: light.thing, detail: light.detail }, random);
  });

  const words = (draws: Draws, terse: Terse): string => {
    const named = things.map((one) => nameStanding(one, draws, terse));
    const ground =
      things.length > 0 ? fill(settings.where[land], { things: named.join(' and ') }, draws) : fill(settings.empty[land], {}, draws);
    const late = night ? ` ${fill(settings['night sky'], {}, draws)}` : '';
    const up = above.map((one) => nameStanding(one, draws, terse));
    if (up.length === 0 && !night) return draws.chance(0.5) ? `${ground} under ${fill(settings.daySky, {}, draws)}` : ground;
    if (up.length === 0)
      return terse === 0 && draws.chance(0.6) ? `${ground} under ${fill(settings.stars, {}, draws)}` : `${ground}${late}`;
    const sky = night && terse === 0 && draws.chance(0.35) ? `${up[0]} and ${fill(settings.stars, {}, draws)}` : up[0]!;
    return `${fill(settings.with, { land: ground, sky }, draws)}${draws.chance(terse === 0 ? 0.7 : 0.4) ? late : ''}`;
  };
  const sides: Partial<Record<FigureKind, ImageSide>> = {};
  for (const one of [...things, ...above]) if (one.side) sides[one.kind] = one.side;
  const shown: WorldKind[] = [...things, ...above].map(({ kind }) => kind);
  if (land !== 'field') shown.push(land);
  if (night) shown.push('starry sky');
  return { ground: light.sky, layers: [...stars, ...skyLayers, ...made.layers, ...standing], words, shown, sides };
}
