/** L-BFGS (Nocedal and Wright 2006, algorithms 7.4 and 7.5) for smooth convex functions of few variables. */

const MEMORY = 20;
const MOST_STEPS = 10_000;
/** Armijo's constant. */
const DESCENT = 1e-4;

/** A gradient that is this part of the first one, in its largest entry, is that of the minimum. */
const STILL = 1e-10;

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const largest = (gradient: Float64Array): number => gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** The two-loop recursion: minus the inverse Hessian, as far as pairs tell it, times the gradient. */
function direction(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = gradient.map((value) => -value);
  const alphas: number[] = [];
  for (const { s, y, rho } of [...pairs].reverse()) {
    const alpha = rho * dot(s, q);
    alphas.unshift(alpha);
    for (let i = 0; i < q.length; i++) q[i]! -= alpha * y[i]!;
  }
  const last = pairs.at(-1);
  const scale = last ? 1 / (last.rho * dot(last.y, last.y)) : 1 / Math.max(1, Math.sqrt(dot(gradient, gradient)));
  for (let i = 0; i < q.length; i++) q[i]! *= scale;
  pairs.forEach(({ s, y, rho }, k) => {
    const change = alphas[k]! - rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i]! += change * s[i]!;
  });
  return q;
}

/**
 * Minimises a function from zeros, until its gradient is nearly zero or no step makes it less.
 *
 * @param fn writes its gradient into the second argument and returns its value
 */
export function minimise(
  size: number,
  fn: (x: Float64Array, gradient: Float64Array) => number,
): { readonly x: Float64Array; readonly value: number } {
  let x: Float64Array = new Float64Array(size);
  let gradient: Float64Array = new Float64Array(size);
  let value = fn(x, gradient);
  let pairs: Pair[] = [];
  const still = STILL * Math.max(1, largest(gradient));
  for (let step = 0; step < MOST_STEPS && largest(gradient) > still; step++) {
    let towards = direction(gradient, pairs);
    let slope = dot(towards, gradient);
    if (slope >= 0) [pairs, towards] = [[], gradient.map((one) => -one)];
    slope = dot(towards, gradient);
    let moved: { x: Float64Array; gradient: Float64Array; value: number } | undefined;
    for (let length = 1; length > 1e-12 && !moved; length /= 2) {
      const there = x.map((one, i) => one + length * towards[i]!);
      const its = new Float64Array(size);
      const found = fn(there, its);
      if (found <= value + DESCENT * length * slope) moved = { x: there, gradient: its, value: found };
    }
    if (!moved || moved.value >= value) break; // as low as float64 can tell
    const [s, y] = [moved.x.map((one, i) => one - x[i]!), moved.gradient.map((one, i) => one - gradient[i]!)];
    const curvature = dot(s, y);
    if (curvature > 1e-300) pairs = [...pairs, { s, y, rho: 1 / curvature }].slice(-MEMORY);
    ({ x, gradient, value } = moved);
  }
  return { x, value };
}
