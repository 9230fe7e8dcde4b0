/** Matrices in float64 inside of TensorFlow, for sums that float32 would spoil; tfjs has no tensors of this type. */

import { attribute, backend, isTensorFlow, type OpAttribute, type RawType } from './tensorflow';

/** A matrix or vector that TensorFlow holds until the work in which it was made ends. */
export interface Matrix64 {
  readonly id: number;
  readonly shape: readonly number[];
}

/** What is done with matrices of float64. Results live as long as the work does (`inFloat64`). */
export interface Algebra64 {
  /** @param values row-major; exact, since they are cast inside of TensorFlow */
  from(values: Float32Array, shape: readonly number[]): Matrix64;
  /** aᵀ b where `transposed` names the first, a bᵀ where it names the second. */
  product(a: Matrix64, b: Matrix64, transposed?: 'first' | 'second'): Matrix64;
  /** a - b; a row is taken from each row. */
  minus(a: Matrix64, b: Matrix64): Matrix64;
  /** a / n, for whole n below 2²⁴. */
  over(a: Matrix64, n: number): Matrix64;
  /** Each column times the root of its value, where that is above 0. */
  timesRoots(a: Matrix64, values: Matrix64): Matrix64;
  /** The mean of the rows. */
  meanRow(a: Matrix64): Matrix64;
  /** The sum of the squares of all values. */
  squares(a: Matrix64): number;
  /** All values, row-major. */
  values(a: Matrix64): Float64Array;
  /** The lower triangle L with L Lᵀ = a; undefined where a is not positive definite. */
  cholesky(a: Matrix64): Matrix64 | undefined;
  /** Of a symmetric matrix, in rising order. */
  eigenvalues(a: Matrix64): Float64Array;
  /** Of a symmetric matrix: values in rising order, and vectors as columns. */
  eigen(a: Matrix64): { readonly values: Matrix64; readonly vectors: Matrix64 };
}

/** Whether there is such an algebra: with the tensorflow backend. */
export const hasFloat64: () => boolean = isTensorFlow;

/**
 * Does work with matrices of float64, and frees them.
 *
 * @throws Error where another backend runs
 */
export function inFloat64<T>(work: (algebra: Algebra64) => T): T {
  const { binding } = backend();
  const made: number[] = [];
  const own = (id: number): number => {
    made.push(id);
    return id;
  };
  const T = attribute.type('T', 'float64');
  const run = (name: string, attributes: readonly OpAttribute[], inputs: readonly { readonly id: number }[], outputs = 1): Matrix64[] => {
    const ids = inputs.map(({ id }) => id);
    return binding.executeOp(name, attributes, ids, outputs).map(({ id, shape }) => ({ id: own(id), shape }));
  };
  const one = (name: string, attributes: readonly OpAttribute[], ...inputs: readonly { readonly id: number }[]): Matrix64 =>
    run(name, attributes, inputs)[0]!;
  const cast = (x: { readonly id: number }, from: RawType, to: RawType): Matrix64 =>
    one('Cast', [attribute.type('SrcT', from), attribute.type('DstT', to), attribute.bool('Truncate', false)], x);
  const constant = (shape: number[], dtype: number, values: Float32Array | Int32Array): { readonly id: number } => ({
    id: own(binding.createTensor(shape, dtype, values)),
  });
  const [FLOAT, INT] = [1, 3];
  const reduced = (name: 'Mean' | 'Sum', x: Matrix64, axes: readonly number[], keep: boolean): Matrix64 =>
    one(
      name,
      [T, attribute.type('Tidx', 'int32'), attribute.bool('keep_dims', keep)],
      x,
      constant([axes.length], INT, Int32Array.from(axes)),
    );
  /** float64 can't be read: what float32 holds of the values, and then the rest. */
  const read = (x: Matrix64): Float64Array => {
    const high = cast(x, 'float64', 'float32');
    const rest = cast(one('Sub', [T], x, cast(high, 'float32', 'float64')), 'float64', 'float32');
    const [values, more] = [binding.tensorDataSync(high.id) as Float32Array, binding.tensorDataSync(rest.id) as Float32Array];
    const out = new Float64Array(values.length);
    for (let i = 0; i < out.length; i++) out[i] = values[i]! + more[i]!;
    return out;
  };
  const squares = (a: Matrix64): number =>
    read(
      reduced(
        'Sum',
        one('Square', [T], a),
        a.shape.map((_, i) => i),
        false,
      ),
    )[0]!;
  const eigen = (a: Matrix64, vectors: boolean): Matrix64[] => run('SelfAdjointEigV2', [T, attribute.bool('compute_v', vectors)], [a], 2);
  try {
    return work({
      from: (values, shape) => cast(constant([...shape], FLOAT, values), 'float32', 'float64'),
      product: (a, b, transposed) =>
        one(
          'MatMul',
          [T, attribute.bool('transpose_a', transposed === 'first'), attribute.bool('transpose_b', transposed === 'second')],
          a,
          b,
        ),
      minus: (a, b) => one('Sub', [T], a, b),
      over: (a, n) => one('RealDiv', [T], a, cast(constant([], FLOAT, Float32Array.of(n)), 'float32', 'float64')),
      timesRoots: (a, values) => {
        const none = cast(constant([], FLOAT, Float32Array.of(0)), 'float32', 'float64');
        return one('Mul', [T], a, one('Sqrt', [T], one('Maximum', [T], values, none)));
      },
      meanRow: (a) => reduced('Mean', a, [0], true),
      squares,
      values: read,
      cholesky: (a) => {
        const triangle = one('Cholesky', [T], a);
        return Number.isFinite(squares(triangle)) ? triangle : undefined; // TensorFlow fills it with NaN
      },
      eigenvalues: (a) => read(eigen(a, false)[0]!),
      eigen: (a) => {
        const [values, vectors] = eigen(a, true) as [Matrix64, Matrix64];
        return { values, vectors };
      },
    });
  } finally {
    for (const id of made) binding.deleteTensor(id);
  }
}
