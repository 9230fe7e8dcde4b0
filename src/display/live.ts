import { type Displayable, newDisplayId } from './displayable';
import { displayHost, notebookHost } from './host';

/** A display that changes in place. */
export interface Live<T> {
  /** Shows the newest state; calls that come too fast are skipped, never the last one. */
  update(item: T | (() => T)): void;
  /** Shows the final state with all its forms (in a terminal: its one line). Later updates do nothing. */
  end(): void;
}

/** How often a live display redraws at most; more only makes the front end lag behind. */
const redrawsPerSecond = 3;
/** The share of the time that drawing may take from what is shown: a plot's picture takes about 80 ms. */
const drawingShare = 1 / 25;

/** Runs the newest of many offered jobs, at most every `interval` ms; the last one always runs. */
export interface Throttle {
  offer(job: () => void): void;
  /** Runs what is waiting now. */
  flush(): void;
  /** Forgets what is waiting. */
  cancel(): void;
}

/** A throttle whose timer never keeps the process alive. @param interval milliseconds, which may change */
export function throttle(interval: number | (() => number)): Throttle {
  const wait = typeof interval === 'number' ? () => interval : interval;
  let last = Number.NEGATIVE_INFINITY;
  let waiting: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const cancel = (): void => {
    clearTimeout(timer);
    timer = undefined;
    waiting = undefined;
  };
  const flush = (): void => {
    const job = waiting;
    cancel();
    if (!job) return;
    last = Date.now();
    job();
  };
  const offer = (job: () => void): void => {
    waiting = job;
    const since = Date.now() - last;
    // Not only by timer: a loop that never yields still gets its redraws.
    if (since >= wait() || since < 0) flush();
    else timer ??= setTimeout(flush, wait() - since).unref();
  };
  return { offer, flush, cancel };
}

/**
 * A place in the cell's output that shows whatever it was last given. While it changes it carries one form only (of a figure its picture);
 * `end()` puts the whole bundle there, which is what a saved notebook keeps. In a terminal it is silent until the end.
 *
 * @example
 * const pictures = live<ImageGrid>();
 * // in the training loop: pictures.update(() => imageGrid(sample(params), prompts));
 * pictures.end();
 */
export function live<T extends Displayable>(): Live<T> {
  const displayId = newDisplayId();
  let cost = 0; // milliseconds that the last drawing took
  const redraw = throttle(() => Math.max(1000 / redrawsPerSecond, cost / drawingShare));
  let shown = false;
  let ended = false;
  let newest: T | (() => T) | undefined;
  const put = (draft: boolean): void => {
    if (newest === undefined || (draft && !notebookHost())) return;
    const began = performance.now();
    if (typeof newest === 'function') newest = newest();
    const host = displayHost();
    if (shown) host.update(newest.bundle(draft), newest.metadata(), displayId);
    else host.display(newest.bundle(draft), newest.metadata(), displayId);
    // The first drawing also opens what draws.
    cost = shown ? performance.now() - began : 0;
    shown = true;
  };
  return {
    update: (item) => {
      if (ended) return;
      newest = item;
      redraw.offer(() => put(true));
    },
    end: () => {
      if (ended) return;
      ended = true;
      redraw.cancel();
      put(false);
    },
  };
}
