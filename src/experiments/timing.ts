/** How long many equal steps take, from the first few of them. */

/** Of each kind of work after the first step, which also compiles: at least so many steps, then no longer than so many seconds. */
const LEAST = 2;
const SECONDS = 1.2;
/** More than this says nothing more. */
const MOST = 6;

/** What was timed of a work's steps. */
export interface Timing {
  /** Seconds up to the end of the first step: compiling, and the step. */
  readonly first: number;
  /** Seconds of each later one, their median. */
  readonly step: number;
}

/** Seconds of `steps` steps, the first one's compiling with them. */
export const lasting = ({ first, step }: Timing, steps: number): number => (steps < 1 ? 0 : first + (steps - 1) * step);

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/**
 * Begins a work and ends it after a few steps.
 *
 * @param work   calls `onStep` after each step, and ends, with or without an error, soon after `signal` is raised
 * @param signal ends the timing itself
 * @throws the reason of `signal` where it was raised; what the work throws of itself
 */
export async function timeSteps(
  work: (onStep: () => void, signal: AbortSignal) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<Timing> {
  signal?.throwIfAborted();
  const enough = new AbortController();
  const marks = [performance.now()];
  const onStep = (): void => {
    marks.push(performance.now());
    const steps = marks.length - 2;
    if (steps >= MOST || (steps >= LEAST && marks.at(-1)! - marks[1]! >= SECONDS * 1000)) enough.abort();
  };
  try {
    await work(onStep, signal ? AbortSignal.any([enough.signal, signal]) : enough.signal);
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
  signal?.throwIfAborted();
  const seconds = marks.slice(1).map((mark, i) => (mark - marks[i]!) / 1000);
  const [first = 0, ...later] = seconds;
  return { first, step: later.length > 0 ? median(later) : first };
}
