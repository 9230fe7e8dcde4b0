/** Parameter trees: nested plain objects and arrays with tensors as leaves. A leaf's dotted path is its Hugging Face key. */

import * as tf from '@tensorflow/tfjs-core';

/** A tensor, or names or indices to trees. Entries that are `undefined` are passed over. */
export type Tree = tf.Tensor | readonly (Tree | undefined)[] | { readonly [name: string]: Tree | undefined };

/** Leaves by dotted path, in the tree's own order. */
export type FlatTree = Record<string, tf.Tensor>;

/**
 * The leaves of a tree by their dotted paths; an array's indices are parts of the path: `down_blocks.0.resnets.1.conv1.weight`.
 * A single tensor has the path ''.
 *
 * @throws TypeError where a leaf is not a tensor, naming its path
 */
export function flatten(tree: Tree): FlatTree {
  const flat: FlatTree = {};
  const visit = (node: unknown, path: string): void => {
    if (node === undefined) return;
    if (node instanceof tf.Tensor) {
      flat[path] = node;
    } else if (typeof node === 'object' && node !== null) {
      for (const [name, child] of Object.entries(node)) visit(child, path === '' ? name : `${path}.${name}`);
    } else {
      throw new TypeError(
        `flatten: ${path || 'the tree'}: expected a tensor, an object or an array, got ${node === null ? 'null' : typeof node}`,
      );
    }
  };
  visit(tree, '');
  return flat;
}

/** The tree with these leaves. Where every name below a path is a number, an array is made. */
export function unflatten<T extends Tree = Tree>(flat: Readonly<Record<string, tf.Tensor>>): T {
  if ('' in flat) return flat[''] as Tree as T;
  const root: Record<string, unknown> = {};
  for (const [path, leaf] of Object.entries(flat)) {
    const parts = path.split('.');
    let node = root;
    for (const part of parts.slice(0, -1)) {
      node[part] ??= {};
      node = node[part] as Record<string, unknown>;
    }
    node[parts[parts.length - 1]!] = leaf;
  }
  const arrays = (node: unknown): unknown => {
    if (node instanceof tf.Tensor) return node;
    const entries = Object.entries(node as Record<string, unknown>);
    if (entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name))) {
      const list: unknown[] = [];
      for (const [name, child] of entries) list[Number(name)] = arrays(child);
      return list;
    }
    return Object.fromEntries(entries.map(([name, child]) => [name, arrays(child)]));
  };
  return arrays(root) as T;
}

/** A tree of the same form with each leaf replaced by `fn(leaf, path)`. */
export function mapTree<T extends Tree>(fn: (leaf: tf.Tensor, path: string) => tf.Tensor, tree: T): T {
  const visit = (node: unknown, path: string): unknown => {
    if (node === undefined) return undefined;
    if (node instanceof tf.Tensor) return fn(node, path);
    const at = (name: string | number): string => (path === '' ? String(name) : `${path}.${name}`);
    if (Array.isArray(node)) return node.map((child, i) => visit(child, at(i)));
    return Object.fromEntries(Object.entries(node as object).map(([name, child]) => [name, visit(child, at(name))]));
  };
  return visit(tree, '') as T;
}

/** One leaf from each of several trees. */
type Leaves<Trees extends readonly Tree[]> = { readonly [K in keyof Trees]: tf.Tensor };

/**
 * `mapTree` over several trees of one form: `fn([leaf, ...], path)` is called with the leaves at the same path of each tree.
 *
 * @returns a tree of the first one's form
 * @throws TypeError where another tree has no leaf at a path of the first
 */
export function mapTrees<T extends Tree, More extends readonly Tree[]>(
  fn: (leaves: Leaves<[T, ...More]>, path: string) => tf.Tensor,
  tree: T,
  ...more: More
): T {
  const call = fn as (leaves: readonly tf.Tensor[], path: string) => tf.Tensor;
  const others = more.map(flatten);
  return mapTree((leaf, path) => {
    const matching = others.map((flat, i) => {
      const other = flat[path];
      if (!other) throw new TypeError(`mapTrees: tree ${i + 2}: expected a leaf at ${path || 'its root'}, as the first tree has, got none`);
      return other;
    });
    return call([leaf, ...matching], path);
  }, tree);
}

/** Frees every tensor of the trees. */
export function dispose(...trees: readonly (Tree | undefined)[]): void {
  for (const tree of trees) if (tree !== undefined) for (const leaf of Object.values(flatten(tree))) leaf.dispose();
}

/**
 * @param where the call, for the error
 * @param what  what the trees are the weights of
 * @throws TypeError where any of their tensors was disposed
 */
export function expectNotDisposed(where: string, what: string, ...trees: readonly (Tree | undefined)[]): void {
  if (trees.some((tree) => tree !== undefined && Object.values(flatten(tree)).some(({ isDisposed }) => isDisposed)))
    throw new TypeError(`${where}: this ${what} was disposed; load or train it again`);
}

/** Keeps every tensor of the tree past the end of the memory scopes it was made in. Returns the tree. */
export function keep<T extends Tree>(tree: T): T {
  for (const leaf of Object.values(flatten(tree))) tf.keep(leaf);
  return tree;
}

/** A copy with tensors of its own; the caller disposes it. */
export function cloneTree<T extends Tree>(tree: T): T {
  return mapTree((leaf) => tf.clone(leaf), tree);
}

/** The number of values in all leaves. */
export function countParameters(tree: Tree): number {
  return Object.values(flatten(tree)).reduce((sum, leaf) => sum + leaf.size, 0);
}

/** A tree's leaves in two trees, by their paths: those that `selects` picks, and the others. Tensors are shared, not copied. */
export function partition(tree: Tree, selects: (path: string) => boolean): [selected: Tree, others: Tree] {
  const parts: [FlatTree, FlatTree] = [{}, {}];
  for (const [path, leaf] of Object.entries(flatten(tree))) parts[selects(path) ? 0 : 1][path] = leaf;
  return [unflatten(parts[0]), unflatten(parts[1])];
}

/** One tree with the leaves of several; where a path is in more than one, the last one's counts. Tensors are shared, not copied. */
export function merge<T extends Tree = Tree>(...trees: readonly Tree[]): T {
  return unflatten<T>(Object.assign({}, ...trees.map(flatten)) as FlatTree);
}
