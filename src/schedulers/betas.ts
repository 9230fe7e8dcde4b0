/**
 * Noise schedules: β_t of the forward process q(x_t | x_{t-1}) = N(√(1-β_t) x_{t-1}, β_t I), Ho et al. 2020 (arXiv:2006.11239).
 * Tables are held as float64 but rounded to float32 at the stages where published models' were, since those are the levels the models were
 * trained on: a network's input at a timestep between two levels moves by a thousandth of a step otherwise.
 */

export type BetaSchedule = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2';

/** The keys of a scheduler_config.json that define β_t. */
export interface BetaConfig {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: BetaSchedule;
  /** β_t given outright; replaces the three keys above. */
  readonly trained_betas: readonly number[] | null;
  readonly rescale_betas_zero_snr?: boolean;
}

/** `n` numbers from `first` to `last`, both included; only `first` for n = 1. */
export function linspace(first: number, last: number, n: number): number[] {
  return Array.from({ length: n }, (_, i) => (n === 1 ? first : first + ((last - first) * i) / (n - 1)));
}

/**
 * β_t for t in [0, num_train_timesteps).
 *
 * @throws RangeError where a β lies outside [0, 1], or `trained_betas` has another length than `num_train_timesteps`
 */
export function makeBetas(config: BetaConfig): Float64Array {
  const n = config.num_train_timesteps;
  const betas = Float64Array.from(config.trained_betas ?? makers[config.beta_schedule](config), Math.fround);
  if (betas.length !== n) throw new RangeError(`trained_betas: expected num_train_timesteps = ${n} values, got ${betas.length}`);
  const invalid = betas.findIndex((beta) => !(beta >= 0 && beta <= 1));
  if (invalid >= 0) throw new RangeError(`betas: expected values from 0 to 1, got ${betas[invalid]} at timestep ${invalid}`);
  if (!betas.some((beta) => beta > 0)) throw new RangeError('betas: all are 0, so that nothing is noised');
  return config.rescale_betas_zero_snr ? rescaleZeroTerminalSnr(betas) : betas;
}

/** ᾱ_t = Π_{s≤t} (1 - β_s), the fraction of the clean image's variance that is left at t. */
export function cumulativeAlphas(betas: Float64Array): Float64Array {
  let product = 1;
  return betas.map((beta) => {
    product *= Math.fround(1 - beta);
    return Math.fround(product);
  });
}

/**
 * Shifts and scales √ᾱ_t so that the last timestep is pure noise (ᾱ_T = 0) and the first keeps its value: algorithm 1 of Lin et al. 2023
 * (arXiv:2305.08891). A network for such a schedule predicts v, since ε says nothing about x_0 at ᾱ = 0.
 */
export function rescaleZeroTerminalSnr(betas: Float64Array): Float64Array {
  const root = cumulativeAlphas(betas).map((alpha) => Math.fround(Math.sqrt(alpha)));
  const [first, last] = [root[0]!, root[root.length - 1]!];
  const scale = Math.fround(first / Math.fround(first - last));
  const alphaBar = root.map((value) => Math.fround(Math.fround(Math.fround(value - last) * scale) ** 2));
  return alphaBar.map((value, t) => Math.fround(1 - (t === 0 ? value : Math.fround(value / alphaBar[t - 1]!))));
}

/** As `linspace` in float32, counted from the nearer end. */
function linspaceFloat32(first: number, last: number, n: number): number[] {
  const [from, to] = [Math.fround(first), Math.fround(last)];
  const step = Math.fround(Math.fround(to - from) / Math.max(n - 1, 1));
  return Array.from({ length: n }, (_, i) => Math.fround(i < n / 2 ? from + step * i : to - step * (n - 1 - i)));
}

const makers: Readonly<Record<BetaSchedule, (config: BetaConfig) => number[]>> = {
  linear: (c) => linspaceFloat32(c.beta_start, c.beta_end, c.num_train_timesteps),
  // Latent diffusion's schedule: linear in the standard deviation √β.
  scaled_linear: (c) => linspaceFloat32(Math.sqrt(c.beta_start), Math.sqrt(c.beta_end), c.num_train_timesteps).map((root) => root ** 2),
  // Nichol and Dhariwal 2021 (arXiv:2102.09672), eq. 17; capped so that the last steps are not singular.
  squaredcos_cap_v2: (c) => {
    const alphaBar = (t: number): number => Math.cos(((t / c.num_train_timesteps + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    return Array.from({ length: c.num_train_timesteps }, (_, t) => Math.min(1 - alphaBar(t + 1) / alphaBar(t), 0.999));
  },
};
