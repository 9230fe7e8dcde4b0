// The power law that fits points best.

/** Student's t for an interval of 95 %, by degrees of freedom from 1. */
const STUDENT = [12.71, 4.303, 3.182, 2.776, 2.571];

/** Least squares of log y on log x. @returns the slope, half of its interval of 95 %, and the factor before the power */
export function powerLaw(x, y) {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const n = u.length;
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / n;
  const [mu, mv] = [mean(u), mean(v)];
  const spread = u.reduce((sum, each) => sum + (each - mu) ** 2, 0);
  const exponent = u.reduce((sum, each, i) => sum + (each - mu) * (v[i] - mv), 0) / spread;
  const factor = Math.exp(mv - exponent * mu);
  const rest = u.reduce((sum, each, i) => sum + (v[i] - mv - exponent * (each - mu)) ** 2, 0);
  return { exponent, interval: STUDENT[n - 3] * Math.sqrt(rest / (n - 2) / spread), factor };
}
