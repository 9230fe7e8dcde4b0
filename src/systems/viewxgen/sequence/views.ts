/** The views that a study's images have, and which of them share their marks and positions. */

/** As MIMIC-CXR names them; LL is a lateral view that was taken from the left. */
export const chestViews = ['AP', 'PA', 'LATERAL', 'LL'] as const;
export type ChestView = (typeof chestViews)[number];

/** Kinds in the order of their tokens; both lateral views are one. */
export const viewKinds = ['ap', 'pa', 'la'] as const;
export type ViewKind = (typeof viewKinds)[number];

const KIND: Readonly<Record<ChestView, ViewKind>> = { AP: 'ap', PA: 'pa', LATERAL: 'la', LL: 'la' };

export const kindOf = (view: ChestView): ViewKind => KIND[view];

/** The view of a name in any case; undefined where it is none of them. */
export const viewNamed = (name: string): ChestView | undefined => chestViews.find((view) => view === name.trim().toUpperCase());

/** @throws RangeError where the name is none of them */
export function parseView(name: string): ChestView {
  const found = viewNamed(name);
  if (!found) throw new RangeError(`view: expected one of ${chestViews.join(', ')}, got ${JSON.stringify(name)}`);
  return found;
}
