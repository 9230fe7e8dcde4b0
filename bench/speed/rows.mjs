// The rows of the speed table: pieces of work that the library knows by name (src/cli/bench/works.ts), how they are compared, and what the ratio should be at most.

/** What PyTorch runs in; ours is compared with the quickest. Another layout only helps where there are images of some size. */
const LAYOUTS = ['', 'channels_last'];
const PLAIN = [''];
const BF16 = ['bf16', 'channels_last bf16'];

const row = (work, rest) => ({ work, precision: 'fp32', variants: LAYOUTS, rounds: 4, ...rest });
/** Ours in bfloat16 against PyTorch's autocast. Only where the processor multiplies bfloat16: elsewhere it is slower than float32. */
const bf16Row = (work, rest) => row(work, { precision: 'bf16', variants: BF16, ...rest });

/**
 * `targets` are ratios of ours to PyTorch's: of a call's time, and where they are given of peak memory and of the first call's time. `seconds` is what the
 * row takes on two quick cores, about, until it is known of this machine. Both sides of an `alone` row do not fit into memory together: they take turns as
 * processes. A row `against` another kind of work of ours has no PyTorch in it.
 */
export const rows = [
  row('small-training', { rounds: 5, targets: { time: 0.55, peak: 1.03, first: 1.5 }, seconds: 110 }),
  row('tiny-training', { rounds: 5, targets: { time: 0.4 }, seconds: 60 }),
  row('small-forward', { rounds: 5, targets: { time: 0.5 }, seconds: 60 }),
  row('sd14-forward', { variants: PLAIN, targets: { time: 0.45 }, seconds: 120 }),
  row('sd14-training', { variants: PLAIN, rounds: 2, alone: true, targets: { time: 0.7 }, seconds: 260 }),
  row('vae-training', { targets: { time: 0.7 }, seconds: 100 }),
  row('quickstart-vae', { targets: { time: 0.6 }, seconds: 60 }),
  row('quickstart-joint', { targets: { time: 0.6 }, seconds: 80 }),
  row('tiny-sampling', { rounds: 3, targets: { time: 0.55 }, seconds: 80 }),
  row('small-sampling', { rounds: 2, targets: { time: 0.55 }, seconds: 200 }),
  row('sd14-sampling', { variants: PLAIN, rounds: 2, targets: { time: 0.55 }, seconds: 280 }),
  row('clip-text', { variants: PLAIN, targets: { time: 0.8 }, seconds: 80 }),
  row('bert-text', { variants: PLAIN, targets: { time: 0.8 }, seconds: 110 }),
  row('minilm-text', { variants: PLAIN, targets: { time: 0.8 }, seconds: 50 }),
  bf16Row('small-training', { rounds: 5, targets: { time: 0.48, peak: 1.1 }, seconds: 110 }),
  bf16Row('tiny-training', { rounds: 5, variants: [...LAYOUTS, ...BF16], targets: { time: 0.35 }, seconds: 60 }),
  bf16Row('small-forward', { rounds: 5, targets: { time: 0.48 }, seconds: 60 }),
  bf16Row('sd14-forward', { variants: ['bf16'], targets: { time: 0.55 }, seconds: 100 }),
  bf16Row('vae-training', { targets: { time: 0.65 }, seconds: 100 }),
  row('loading', { against: 'training-from-memory', targets: { time: 1.03 }, seconds: 70 }),
];
