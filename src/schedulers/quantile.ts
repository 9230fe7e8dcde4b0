/** Quantiles of the beta distribution, for the spacing of Lee et al. 2024 (arXiv:2407.12173). */

/**
 * The x with P(X ≤ x) = q for X ~ Beta(a, b), by bisection of the incomplete beta integral.
 *
 * @param q from 0 to 1
 */
export function betaQuantile(q: number, a: number, b: number): number {
  if (q <= 0) return 0;
  if (q >= 1) return 1;
  const total = lowerTail(0.5, a, b) + lowerTail(0.5, b, a);
  const below = (x: number): number => (x <= 0.5 ? lowerTail(x, a, b) : total - lowerTail(1 - x, b, a));
  let [low, high] = [0, 1];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (below(middle) < q * total) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** ∫_0^x s^(a-1) (1-s)^(b-1) ds for x ≤ 1/2, by its power series x^a Σ_k (1-b)_k x^k / (k! (a+k)). */
function lowerTail(x: number, a: number, b: number): number {
  let term = 1;
  let sum = 1 / a;
  for (let k = 1; k < 200; k++) {
    term *= ((k - b) * x) / k;
    sum += term / (a + k);
  }
  return x ** a * sum;
}
