/** Scenes of figures on a background: alone, several, and in relations to each other. */

import { type Draws, fill } from '../procedural';
import { chooseGround, type Ground } from './grounds';
import { chooseGroup, chooseKind, detailed, drawGroup, GREY, nameGroup, tonesOn } from './groups';
import type { Layer } from './paint';
import type { Scene, Terse } from './scene';
import { type ArrangementName, type PlaceName, type RelationName, worldSettings } from './settings';
import type { FigureKind, Group, ImageSide, Place, Size } from './types';

/** How often a caption names the background. */
const GROUND_NAMED = 0.4;

const openings = (random: Draws): string => fill(worldSettings().openings, {}, random);
const grounded = (ground: Ground, random: Draws, terse: Terse): string =>
  random.chance(GROUND_NAMED) && terse === 0 ? ` ${fill(ground.words, {}, random)}` : '';

/** Joins a template's words with an opening and the background. */
function caption(ground: Ground, random: Draws, terse: Terse, body: string): string {
  const opening = terse === 0 && !/^(on|above|between) /.test(body) ? openings(random) : '';
  return `${opening} ${body}${grounded(ground, random, terse)}`.trim();
}

const RADIUS: Readonly<Record<Size, readonly [number, number]>> = { small: [0.085, 0.11], medium: [0.16, 0.19], large: [0.25, 0.29] };

function chooseSize(random: Draws, kind: FigureKind): Size {
  return random.pick<Size>(detailed(kind) ? ['medium', 'large', 'large'] : ['small', 'medium', 'large']);
}

const CENTRES: Readonly<Record<PlaceName, readonly [number, number]>> = {
  left: [0, 0.5],
  right: [1, 0.5],
  top: [0.5, 0],
  bottom: [0.5, 1],
  middle: [0.5, 0.5],
  'top left': [0, 0],
  'top right': [1, 0],
  'bottom left': [0, 1],
  'bottom right': [1, 1],
};

/** One figure somewhere. */
export function single(random: Draws): Scene {
  const ground = chooseGround(random);
  const kind = chooseKind(random);
  const group = chooseGroup(random, ground, { kind, count: 1, size: chooseSize(random, kind) });
  const [low, high] = RADIUS[group.size];
  const r = random.uniform(low, high);
  const name = random.pick(
    group.size === 'large' ? (['left', 'right', 'middle', 'middle'] as const) : (Object.keys(CENTRES) as PlaceName[]),
  );
  const [h, v] = CENTRES[name];
  const margin = 1.16 * r + (group.size === 'large' ? 0 : 0.05);
  const jitter = (): number => random.uniform(-0.02, 0.02);
  const place = { x: margin + (1 - 2 * margin) * h + jitter(), y: margin + (1 - 2 * margin) * v + jitter() };
  const side = (/left|right/.exec(name)?.[0] as ImageSide | undefined) ?? undefined;
  return {
    ground: ground.tone,
    layers: drawGroup(group, [place], r, ground, random),
    words: (draws, terse) => {
      const where = side || draws.chance(0.7) ? ` ${fill(worldSettings().places[name], {}, draws)}` : '';
      return caption(ground, draws, terse, `${nameGroup(group, draws, terse)}${where}`);
    },
    shown: [kind],
    sides: side ? { [kind]: side } : {},
  };
}

/** Places of n figures in an arrangement, and the largest radius that keeps them apart. */
function arrange(name: ArrangementName, n: number, random: Draws): { places: Place[]; r: number } {
  const spread = (i: number): number => (n === 1 ? 0.5 : 0.5 + (i / (n - 1) - 0.5) * 0.76 * (n > 2 ? 1 : 0.66));
  const apart = n === 1 ? 1 : (0.76 * (n > 2 ? 1 : 0.66)) / (n - 1);
  const each = Array.from({ length: n }, (_, i) => i);
  const drift = random.uniform(-0.16, 0.16);
  switch (name) {
    case 'row':
      return { places: each.map((i) => ({ x: spread(i), y: 0.5 + drift })), r: Math.min(n > 2 ? 0.115 : 0.17, 0.42 * apart) };
    case 'column':
      return { places: each.map((i) => ({ x: 0.5 + drift, y: spread(i) })), r: Math.min(n > 2 ? 0.115 : 0.17, 0.42 * apart) };
    case 'stairs':
      return { places: each.map((i) => ({ x: spread(i), y: 1 - spread(i) })), r: Math.min(0.11, 0.5 * apart) };
    case 'circle': {
      const turn = random.uniform(0, 2 * Math.PI);
      const at = (i: number): number => turn + (2 * Math.PI * i) / n;
      return {
        places: each.map((i) => ({ x: 0.5 + 0.34 * Math.cos(at(i)), y: 0.5 + 0.34 * Math.sin(at(i)) })),
        r: Math.min(0.13, 0.8 / n),
      };
    }
    case 'grid': {
      const columns = n === 4 ? 2 : 3;
      const rows = n / columns;
      const place = (k: number, of: number): number => 0.5 + (k - (of - 1) / 2) * 0.29;
      return { places: each.map((i) => ({ x: place(i % columns, columns), y: place(Math.floor(i / columns), rows) })), r: 0.115 };
    }
    case 'scattered': {
      const r = n > 6 ? 0.085 : 0.1;
      const places: Place[] = [];
      for (let tries = 0; places.length < n && tries < 4000; tries++) {
        const next = { x: random.uniform(1.3 * r, 1 - 1.3 * r), y: random.uniform(1.3 * r, 1 - 1.3 * r) };
        if (places.every(({ x, y }) => Math.hypot(x - next.x, y - next.y) > 2.45 * r)) places.push(next);
      }
      return { places, r };
    }
  }
}

/** Reach beyond their radius. */
const LONG: readonly FigureKind[] = ['bar', 'ellipse', 'arrow', 'diamond'];

const ARRANGEMENTS: readonly (readonly [ArrangementName, readonly number[]])[] = [
  ['row', [2, 3, 4, 5]],
  ['column', [2, 3, 4]],
  ['stairs', [3, 4]],
  ['circle', [5, 6, 7]],
  ['grid', [4, 6, 9]],
  ['scattered', [3, 4, 5, 6, 7, 8, 9]],
];

/** Several equal figures, arranged. */
export function group(random: Draws): Scene {
  const ground = chooseGround(random);
  const kind = chooseKind(random, ['house', 'boat']);
  const [name, counts] = random.pick(ARRANGEMENTS.filter(([arrangement]) => !detailed(kind) || ['row', 'column'].includes(arrangement)));
  const wanted = random.pick(detailed(kind) ? [2, 3] : counts);
  const { places, r } = arrange(name, wanted, random);
  // Words for size are left out: what is small among many is large among few.
  const free = chooseGroup(random, ground, { kind, count: places.length, size: 'medium' });
  // Bars that lie in a row would look like one.
  const turn =
    kind !== 'bar' && kind !== 'ellipse' ? free.turn : name === 'row' ? 'vertical' : name === 'column' ? 'horizontal' : free.turn;
  const chosen = turn ? { ...free, turn } : free;
  return {
    ground: ground.tone,
    layers: drawGroup(chosen, places, LONG.includes(kind) ? 0.85 * r : r, ground, random),
    words: (draws, terse) =>
      caption(ground, draws, terse, `${nameGroup(chosen, draws, terse)} ${fill(worldSettings().arrangements[name], {}, draws)}`),
    shown: [kind],
    sides: {},
  };
}

/** Words for a relation of two groups. */
function related(relation: RelationName, ground: Ground, a: Group, b: Group): Scene['words'] {
  return (draws, terse) => {
    // Two descriptions are longer than one, so each has fewer adjectives.
    const each = (): Terse => (terse === 0 && draws.chance(0.5) ? 1 : terse);
    const slots = { a: nameGroup(a, draws, each()), b: nameGroup(b, draws, each()) };
    return caption(ground, draws, terse, fill(worldSettings().relations[relation], slots, draws));
  };
}

/** Two groups side by side or one above the other. */
export function pair(random: Draws): Scene {
  const ground = chooseGround(random);
  const across = random.chance(0.55);
  const first = chooseKind(random);
  const kinds = [first, chooseKind(random, [first])] as const;
  const groups = kinds.map((kind) => {
    const count = detailed(kind) ? 1 : random.pick([1, 1, 1, 2, 3]);
    const size = count > 1 ? 'small' : random.pick<Size>(detailed(kind) ? ['medium', 'large'] : ['small', 'medium', 'large']);
    return chooseGroup(random, ground, { kind, count, size });
  });
  const layers: Layer[] = groups.flatMap((one, i) => {
    const r = { small: random.uniform(0.085, 0.1), medium: random.uniform(0.14, 0.155), large: random.uniform(0.2, 0.215) }[one.size];
    const along = (i === 0 ? 0.26 : 0.74) + random.uniform(-0.02, 0.02);
    const beside = 0.5 + random.uniform(-0.1, 0.1);
    const places = Array.from({ length: one.count }, (_, k): Place => {
      const step = beside + (k - (one.count - 1) / 2) * 0.27;
      return across ? { x: along, y: step } : { x: step, y: along };
    });
    return drawGroup(one, places, r, ground, random);
  });
  const [a, b] = groups as [Group, Group];
  return {
    ground: ground.tone,
    layers,
    words: related(across ? 'horizontal' : 'vertical', ground, a, b),
    shown: kinds,
    sides: across ? { [a.kind]: 'left', [b.kind]: 'right' } : {},
  };
}

/** Half the width of what fits inside each container of radius 1. */
const ROOM: Readonly<Partial<Record<FigureKind, number>>> = { disc: 0.52, ring: 0.34, square: 0.55, hexagon: 0.5 };

/** A small figure inside a large one. */
export function inside(random: Draws): Scene {
  const ground = chooseGround(random);
  const container = random.pick(Object.keys(ROOM) as FigureKind[]);
  const outer: Group = { kind: container, count: 1, size: 'large', tone: random.pick(tonesOn(ground)) };
  const R = random.uniform(0.33, 0.38);
  const centre = { x: 0.5 + random.uniform(-0.06, 0.06), y: 0.5 + random.uniform(-0.06, 0.06) };
  const kind = chooseKind(random, [container, 'house', 'boat', 'tree', 'cloud', 'face', 'fish', 'flower']);
  // Within a ring one sees the background, within the others their own grey.
  const behind = container === 'ring' ? ground : { range: GREY[outer.tone] };
  const inner: Group = { ...chooseGroup(random, behind, { kind, count: 1, size: 'small' }), size: 'small' };
  const layers = [
    ...drawGroup(outer, [centre], R, ground, random),
    ...drawGroup(inner, [centre], Math.min(0.15, ROOM[container]! * R), behind, random),
  ];
  return { ground: ground.tone, layers, words: related('inside', ground, inner, outer), shown: [container, kind], sides: {} };
}

/** One figure between two equal ones. */
export function between(random: Draws): Scene {
  const ground = chooseGround(random);
  const outerKind = chooseKind(random, ['house', 'boat', 'cloud', 'face', 'fish', 'flower', 'tree', 'bar']);
  const innerKind = chooseKind(random, [outerKind, 'house', 'boat', 'cloud', 'tree']);
  const across = random.chance(0.6);
  const outer = chooseGroup(random, ground, { kind: outerKind, count: 2, size: 'medium' });
  const inner = chooseGroup(random, ground, { kind: innerKind, count: 1, size: 'medium' });
  const line = 0.5 + random.uniform(-0.12, 0.12);
  const at = (along: number): Place => (across ? { x: along, y: line } : { x: line, y: along });
  const layers = [...drawGroup(outer, [at(0.17), at(0.83)], 0.115, ground, random), ...drawGroup(inner, [at(0.5)], 0.13, ground, random)];
  return { ground: ground.tone, layers, words: related('between', ground, inner, outer), shown: [outerKind, innerKind], sides: {} };
}

/** Small figures in a circle around one. */
export function around(random: Draws): Scene {
  const ground = chooseGround(random);
  const innerKind = chooseKind(random, ['house', 'boat', 'cloud', 'tree', 'ring', 'bar']);
  const outerKind = random.pick(
    (['disc', 'square', 'star', 'cross', 'heart', 'triangle', 'diamond'] as const).filter((k) => k !== innerKind),
  );
  const count = random.pick([5, 6, 7, 8]);
  const outer = chooseGroup(random, ground, { kind: outerKind, count, size: 'small' });
  const inner = chooseGroup(random, ground, { kind: innerKind, count: 1, size: 'medium' });
  const turn = random.uniform(0, 2 * Math.PI);
  const places = Array.from({ length: count }, (_, i): Place => {
    const angle = turn + (2 * Math.PI * i) / count;
    return { x: 0.5 + 0.385 * Math.cos(angle), y: 0.5 + 0.385 * Math.sin(angle) };
  });
  const layers = [...drawGroup(outer, places, 0.085, ground, random), ...drawGroup(inner, [{ x: 0.5, y: 0.5 }], 0.165, ground, random)];
  return { ground: ground.tone, layers, words: related('around', ground, outer, inner), shown: [outerKind, innerKind], sides: {} };
}
