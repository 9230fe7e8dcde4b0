/**
 * Shapes and element types of TensorFlow's operations, from those of their inputs: what recording a graph needs of an operation in place of running
 * it. Only for operations whose results can be large; others are run where they are met.
 */

import type { OpAttribute, TensorForm } from './tensorflow';

/** An operation's input. Shapes, axes and the like are inputs too, and their values are asked for. */
export interface OpInput extends TensorForm {
  /** @throws Error where no values are there */
  values(): ArrayLike<number>;
}

type Attributes = ReadonlyMap<string, unknown>;
type Rule = (inputs: readonly OpInput[], attributes: Attributes) => TensorForm[];

const FLOAT = 1;
const BOOL = 10;

/** The shape of an elementwise operation's result. */
function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((shape) => shape[shape.length - rank + i] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
}

const like = (x: TensorForm): TensorForm => ({ dtype: x.dtype, shape: x.shape });
const first: Rule = ([x]) => [like(x!)];
const second: Rule = ([, x]) => [like(x!)];
const elementwise: Rule = (inputs) => [{ dtype: inputs[0]!.dtype, shape: broadcast(...inputs.map(({ shape }) => shape)) }];
const comparison: Rule = (inputs) => [{ dtype: BOOL, shape: broadcast(...inputs.map(({ shape }) => shape)) }];
const channels: Rule = ([x]) => [{ dtype: x!.dtype, shape: x!.shape.slice(-1) }];
const scalar: Rule = ([x]) => [{ dtype: x!.dtype, shape: [] }];

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** The result has the shape that an input's values say. */
const shapedBy =
  (which: number, like: number): Rule =>
  (inputs) => [{ dtype: inputs[like]!.dtype, shape: Array.from(inputs[which]!.values()) }];

const reduction: Rule = ([x, axes], attributes) => {
  const reduced = new Set(Array.from(axes!.values(), (axis) => axisOf(axis, x!.shape.length)));
  const shape = attributes.get('keep_dims') ? x!.shape.map((n, i) => (reduced.has(i) ? 1 : n)) : x!.shape.filter((_, i) => !reduced.has(i));
  return [{ dtype: x!.dtype, shape }];
};

const reshape: Rule = ([x, shape]) => {
  const sizes = Array.from(shape!.values());
  const known = sizes.reduce((product, size) => (size < 0 ? product : product * size), 1);
  const all = x!.shape.reduce((product, size) => product * size, 1);
  return [{ dtype: x!.dtype, shape: sizes.map((size) => (size < 0 ? all / known : size)) }];
};

/** A product's result from its factors' shapes, whose last two dimensions are rows and columns unless they are transposed. */
const product =
  (transposeA: string, transposeB: string): Rule =>
  ([a, b], attributes) => {
    const rows = a!.shape.at(attributes.get(transposeA) ? -1 : -2)!;
    const columns = b!.shape.at(attributes.get(transposeB) ? -2 : -1)!;
    return [{ dtype: a!.dtype, shape: [...broadcast(a!.shape.slice(0, -2), b!.shape.slice(0, -2)), rows, columns] }];
  };

/** Positions of a window that moves over `size` values. */
function positions(size: number, window: number, step: number, padding: unknown, explicit: readonly number[]): number {
  if (padding === 'SAME') return Math.ceil(size / step);
  return Math.floor((size + (explicit[0] ?? 0) + (explicit[1] ?? 0) - window) / step) + 1;
}

/** Channels last; `windows` are height and width of what moves over the image. */
function windowed(x: TensorForm, windows: readonly number[], out: number, attributes: Attributes): TensorForm[] {
  const steps = attributes.get('strides') as readonly number[];
  const dilations = (attributes.get('dilations') as readonly number[] | undefined) ?? [1, 1, 1, 1];
  const padding = attributes.get('padding');
  const explicit = padding === 'EXPLICIT' ? (attributes.get('explicit_paddings') as readonly number[]) : [];
  const [height, width] = [1, 2].map((d) => {
    const window = (windows[d - 1]! - 1) * dilations[d]! + 1;
    return positions(x.shape[d]!, window, steps[d]!, padding, explicit.slice(2 * d, 2 * d + 2));
  });
  return [{ dtype: x.dtype, shape: [x.shape[0]!, height!, width!, out] }];
}

const convolution: Rule = ([x, filter], attributes) => windowed(x!, filter!.shape, filter!.shape[3]!, attributes);
const pool: Rule = ([x], attributes) => windowed(x!, (attributes.get('ksize') as number[]).slice(1, 3), x!.shape[3]!, attributes);

const concat: Rule = (inputs) => {
  const [parts, axisInput] = [inputs.slice(0, -1), inputs[inputs.length - 1]!];
  const axis = axisOf(axisInput.values()[0]!, parts[0]!.shape.length);
  const total = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  return [{ dtype: parts[0]!.dtype, shape: parts[0]!.shape.map((n, i) => (i === axis ? total : n)) }];
};

const pack: Rule = (inputs, attributes) => {
  const { dtype, shape } = inputs[0]!;
  const axis = axisOf((attributes.get('axis') as number | undefined) ?? 0, shape.length + 1);
  return [{ dtype, shape: [...shape.slice(0, axis), inputs.length, ...shape.slice(axis)] }];
};

const split: Rule = ([x, sizes, axisInput]) => {
  const axis = axisOf(axisInput!.values()[0]!, x!.shape.length);
  return Array.from(sizes!.values(), (size) => ({ dtype: x!.dtype, shape: x!.shape.map((n, i) => (i === axis ? size : n)) }));
};

const slice: Rule = ([x, begin, size]) => {
  const [from, sizes] = [begin!.values(), size!.values()];
  return [{ dtype: x!.dtype, shape: x!.shape.map((n, i) => (sizes[i]! < 0 ? n - from[i]! : sizes[i]!)) }];
};

const pad: Rule = ([x, paddings]) => {
  const amounts = paddings!.values();
  return [{ dtype: x!.dtype, shape: x!.shape.map((n, i) => n + amounts[2 * i]! + amounts[2 * i + 1]!) }];
};

const tile: Rule = ([x, multiples]) => {
  const times = multiples!.values();
  return [{ dtype: x!.dtype, shape: x!.shape.map((n, i) => n * times[i]!) }];
};

const transpose: Rule = ([x, order]) => [{ dtype: x!.dtype, shape: Array.from(order!.values(), (d) => x!.shape[d]!) }];

const expandDims: Rule = ([x, at]) => {
  const axis = axisOf(at!.values()[0]!, x!.shape.length + 1);
  return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, axis), 1, ...x!.shape.slice(axis)] }];
};

const gather: Rule = ([x, indices, axisInput]) => {
  const axis = axisOf(axisInput!.values()[0]!, x!.shape.length);
  return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)] }];
};

const segmentSum: Rule = ([x, segments, count]) => [
  { dtype: x!.dtype, shape: [count!.values()[0]!, ...x!.shape.slice(segments!.shape.length)] },
];

const resize =
  (dtype?: number): Rule =>
  ([x, size]) => {
    const [height, width] = Array.from(size!.values());
    return [{ dtype: dtype ?? x!.dtype, shape: [x!.shape[0]!, height!, width!, x!.shape[3]!] }];
  };

const cast: Rule = ([x], attributes) => [{ dtype: attributes.get('DstT') as number, shape: x!.shape }];

// The operations of kernels/fused.
const groupNorm: Rule = ([x], attributes) => [like(x!), { dtype: FLOAT, shape: [x!.shape[0]!, attributes.get('groups') as number, 3] }];
const layerNorm: Rule = ([x]) => [like(x!), { dtype: FLOAT, shape: [x!.shape.slice(0, -1).reduce((product, n) => product * n, 1), 2] }];
const attention: Rule = ([q], attributes) => [
  like(q!),
  { dtype: FLOAT, shape: [q!.shape[0]!, attributes.get('heads') as number, q!.shape[1]!, 2] },
];
const withLast = ({ dtype, shape }: TensorForm, size: number): TensorForm => ({ dtype, shape: [...shape.slice(0, -1), size] });
const weightGradient: Rule = ([dy, x], attributes) => {
  const [input, output] = [x!.shape.at(-1)!, dy!.shape.at(-1)!];
  const kernel = attributes.get('taps') === 9 ? [3, 3] : [];
  return [
    { dtype: FLOAT, shape: [...kernel, input, output] },
    { dtype: FLOAT, shape: [output] },
  ];
};
const inputs =
  (...which: readonly number[]): Rule =>
  (all) =>
    which.map((i) => like(all[i]!));

const names = (text: string, rule: Rule): [string, Rule][] => text.split(' ').map((name) => [name, rule]);

const RULES: ReadonlyMap<string, Rule> = new Map([
  ...names(
    'Abs BiasAdd Ceil Cos Cumsum Elu Erf Exp Expm1 Floor Identity LeakyRelu Log Log1p Neg OnesLike Reciprocal Relu Relu6 Round Rsqrt',
    first,
  ),
  ...names('Sigmoid SigmoidGrad Sign Sin Softmax Softplus Sqrt Square Tanh TanhGrad ZerosLike', first),
  ...names('Add AddV2 FloorDiv LogicalAnd LogicalOr Maximum Minimum Mul MulNoNan Pow RealDiv SquaredDifference Sub', elementwise),
  ...names('BitwiseAnd LeftShift RightShift', elementwise),
  ...names('Bitcast', ([x], attributes) => [{ dtype: attributes.get('type') as number, shape: x!.shape }]),
  ...names('Equal Greater GreaterEqual Less LessEqual NotEqual', comparison),
  ...names('IsFinite IsInf IsNan LogicalNot', comparison),
  ...names('Select SelectV2', ([, x, y]) => elementwise([x!, y!], new Map())),
  ...names('All Any Max Mean Min Prod Sum', reduction),
  ...names('MatMul', product('transpose_a', 'transpose_b')),
  ...names('BatchMatMulV2', product('adj_x', 'adj_y')),
  ...names('Conv2D', convolution),
  ...names('Conv2DBackpropInput', shapedBy(0, 1)),
  ...names('Conv2DBackpropFilter', shapedBy(1, 0)),
  ...names('AvgPool MaxPool', pool),
  ...names('AvgPoolGrad', shapedBy(0, 1)),
  ...names('MaxPoolGrad', first),
  ...names('BroadcastTo', shapedBy(1, 0)),
  ...names('Fill', shapedBy(0, 1)),
  ...names('BiasAddGrad', channels),
  ...names('L2Loss', scalar),
  ...names('Cast', cast),
  ...names('CollectiveReduceV2', first),
  ...names('ConcatV2', concat),
  ...names('ExpandDims', expandDims),
  ...names('GatherV2', gather),
  ...names('MirrorPad Pad PadV2', pad),
  ...names('Pack', pack),
  ...names('Reshape', reshape),
  ...names('ResizeBilinear', resize(FLOAT)),
  ...names('ResizeNearestNeighbor ResizeNearestNeighborGrad', resize()),
  ...names('ResizeBilinearGrad', second),
  ...names('Slice', slice),
  ...names('SplitV', split),
  ...names('Tile', tile),
  ...names('Transpose', transpose),
  ...names('UnsortedSegmentSum', segmentSum),
  ...names('RoentgenGroupNorm', groupNorm),
  ...names('RoentgenGroupNormGradient', inputs(1, 2, 3)),
  ...names('RoentgenLayerNorm', layerNorm),
  ...names('RoentgenLayerNormGradient', inputs(1, 2, 2)),
  ...names('RoentgenActivation', first),
  ...names('RoentgenActivationGradient', second),
  ...names('RoentgenGeglu', ([x]) => [withLast(x!, x!.shape.at(-1)! / 2)]),
  ...names('RoentgenGegluGradient', second),
  ...names('RoentgenAttention', attention),
  ...names('RoentgenAttentionGradient', inputs(1, 2, 3)),
  ...names('RoentgenProduct', ([x, weight]) => [withLast(x!, weight!.shape.at(-1)!)]),
  ...names('RoentgenProductInputGradient', ([dy, weight]) => [withLast(dy!, weight!.shape.at(-2)!)]),
  ...names('RoentgenProductWeightGradient', weightGradient),
  ...names('RoentgenSumsOfSquares', (all) => [{ dtype: FLOAT, shape: [all.length] }]),
]);

/** @returns the forms of the results, or undefined where there is no rule for the operation */
export function resultForms(name: string, attributes: readonly OpAttribute[], inputs: readonly OpInput[]): TensorForm[] | undefined {
  return RULES.get(name)?.(inputs, new Map(attributes.map(({ name, value }) => [name, value])));
}

/** The operations that `resultForms` knows. */
export function ruledOperations(): string[] {
  return [...RULES.keys()];
}
