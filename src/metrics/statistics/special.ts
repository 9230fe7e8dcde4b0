/** Distribution functions of the normal, t, F and binomial distributions, to about 14 digits. */

/** Lanczos' approximation (1964) with g = 7; the coefficients are Godfrey's. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** log Γ(x), x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const t = x + 6.5;
  const sum = LANCZOS.reduce((total, c, i) => total + (i === 0 ? c : c / (x - 1 + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** A continued fraction b₀ + a₁ / (b₁ + a₂ / (b₂ + …)), by Lentz's method (1976). */
function continuedFraction(b0: number, term: (i: number) => readonly [a: number, b: number]): number {
  const least = 1e-300;
  let value = b0 || least;
  let [c, d] = [value, 0];
  for (let i = 1; i < 1000; i++) {
    const [a, b] = term(i);
    d = 1 / (b + a * d || least);
    c = b + a / c || least;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return value;
}

/** The regularised incomplete beta function I_x(a, b) (DLMF 8.17.22). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const fraction = continuedFraction(1, (i) => {
    const m = i >> 1;
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    return [i % 2 === 0 ? even : odd, 1];
  });
  return front / fraction;
}

/** P(Z > z) of the standard normal distribution. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  if (z > 3) return density / continuedFraction(z, (i) => [i, z]); // Laplace's
  let [term, sum] = [z, z]; // Σ z^(2n + 1) / (2n + 1)!!
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (z * z) / (2 * n + 1);
    sum += term;
  }
  return 0.5 - density * sum;
}

/** P(Z < z). */
export const normalCdf = (z: number): number => normalTail(-z);

/** The z with P(Z < z) = p; infinite for 0 and 1. By bisection, then Newton's steps. */
export function normalQuantile(p: number): number {
  if (p <= 0 || p >= 1) return p <= 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (p > 0.5) return -normalQuantile(1 - p);
  let z = bisect((x) => normalTail(-x) - p, -40, 0, 30);
  for (let i = 0; i < 4; i++) z -= (normalTail(-z) - p) / (Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI));
  return z;
}

function bisect(rising: (x: number) => number, from: number, to: number, halvings: number): number {
  let [low, high] = [from, to];
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| > |t|) of Student's distribution. */
export function studentTwoSided(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** P(F > f) of Fisher's distribution. */
export function fisherTail(f: number, above: number, below: number): number {
  return incompleteBeta(below / (below + above * f), below / 2, above / 2);
}

/** The f with P(F > f) = p. */
export function fisherQuantile(p: number, above: number, below: number): number {
  // f follows from x = I⁻¹: bisection in (0, 1), where all is bounded
  const x = bisect((share) => incompleteBeta(share, below / 2, above / 2) - p, 0, 1, 60);
  return (below * (1 - x)) / (above * x);
}

/** P(K ≤ k) of n throws of a fair coin. */
export function coinCdf(k: number, n: number): number {
  let sum = 0;
  for (let i = 0; i <= k; i++) sum += Math.exp(logGamma(n + 1) - logGamma(i + 1) - logGamma(n - i + 1) - n * Math.LN2);
  return Math.min(1, sum);
}
