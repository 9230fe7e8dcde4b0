import { hearWaits, type WaitListener } from '../engine/internal';
import { newDisplayId } from './displayable';
import { escapeHtml } from './escape';
import { displayHost, notebookHost } from './host';
import { throttle } from './live';
import { duration, rate } from './numbers';
import { pace } from './pace';

/** A bar for something that takes long. */
export interface Progress {
  /** Sets how much is done, and what to say beside it, such as the loss. */
  update(done: number, message?: string): void;
  /** Shows the last state for good; with a reason, that it stopped there. Later calls do nothing. */
  end(failure?: string): void;
}

/** A bar that can be told what is waited for. */
export interface HearingBar extends Progress {
  readonly wait: WaitListener;
}

/** What a bar shows at one moment. */
interface State {
  readonly label: string;
  readonly total: number;
  readonly done: number;
  readonly message: string;
  /** Seconds since the start. */
  readonly elapsed: number;
  /** What is waited for now; '' where nothing is. */
  readonly waiting: string;
  /** Seconds of it in which something was waited for, and for what. */
  readonly waited: number;
  readonly waits: readonly string[];
  /** Units in a second, of late; 0 where unknown. */
  readonly perSecond: number;
  readonly ended: boolean;
  readonly failure?: string;
}

const redrawsPerSecond = 10;
/** Without a terminal that can rewrite a line: a new line every so many milliseconds. */
const plainInterval = 5000;

/**
 * A progress bar: one display that is updated at most ten times a second in a notebook, one line that is rewritten in a terminal, a line
 * every few seconds where output goes to a file. It shows the rate, the time left and a message.
 *
 * @param total  how much there is to do, in any unit
 * @example
 * const bar = progress(steps, 'U-Net');
 * try { … bar.update(step, `loss ${loss.toFixed(3)}`); … } finally { bar.end(); }
 */
export function progress(total: number, label: string): Progress {
  return begin(total, label, outputHere());
}

/** A bar that is drawn as HTML by whoever asks for it, at most ten times a second. */
export function progressOn(total: number, label: string, put: (html: string) => void): HearingBar {
  const often = throttle(1000 / redrawsPerSecond);
  const draw = (state: State): void => {
    often.cancel();
    put(html(state));
  };
  return begin(total, label, { draw, redraw: (state) => often.offer(() => draw(state())) });
}

const outputHere = (): Output => (notebookHost() ? notebookBar() : process.stderr.isTTY ? terminalBar() : plainLines());

function begin(total: number, label: string, out: Output): HearingBar {
  const started = Date.now();
  const speed = pace();
  let [done, message, ended] = [0, '', false];
  const waits = new Set<string>();
  let [now, count, waited] = ['', '', 0];
  let since = started;
  const stopWaiting = (): void => {
    if (now !== '') waited += Date.now() - since;
    now = '';
  };
  const state = (failure?: string): State => ({
    label,
    total,
    done,
    message,
    elapsed: (Date.now() - started) / 1000,
    waiting: now + count,
    waited: waited / 1000,
    waits: [...waits],
    perSecond: speed.perSecond() ?? 0,
    ended,
    ...(failure !== undefined && { failure }),
  });
  out.draw(state());
  return {
    wait: (what, part, whole) => {
      if (ended) return;
      const another = what !== now;
      if (now === '') since = Date.now();
      waits.add(what);
      [now, count] = [what, part === undefined ? '' : `, ${part} of ${whole}`];
      if (another)
        out.draw(state()); // what comes may let no timer run
      else out.redraw(state);
    },
    update: (value, text) => {
      if (ended) return;
      stopWaiting();
      [count, done] = ['', value];
      if (text !== undefined) message = text;
      speed.mark(value);
      out.redraw(state);
    },
    end: (failure) => {
      if (ended) return;
      ended = true;
      stopWaiting();
      count = '';
      out.draw(state(failure));
    },
  };
}

/**
 * Runs something that takes long under a progress bar, which ends with it however it ends. Until the first `update`, and later where it happens, the bar says
 * what the library waits for, such as encoding or compiling.
 *
 * @returns what the body returns; where that says in `stopped` why it ended early, as trainings do, so does the bar
 * @throws what the body throws, after the bar has said that it stopped
 */
export function withProgress<T>(total: number, label: string, body: (bar: Progress) => T | Promise<T>): Promise<T> {
  return under(begin(total, label, outputHere()), body);
}

/** As `withProgress`, under a bar that is there. */
export async function under<T>(bar: HearingBar, body: (bar: Progress) => T | Promise<T>): Promise<T> {
  try {
    const result = await hearWaits(bar.wait, () => body(bar));
    bar.end((result as { readonly stopped?: string } | null | undefined)?.stopped);
    return result;
  } catch (error) {
    bar.end(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Where a bar is drawn: `draw` at once, `redraw` not too often. */
interface Output {
  draw(state: State): void;
  redraw(state: () => State): void;
}

function notebookBar(): Output {
  const displayId = newDisplayId();
  const often = throttle(1000 / redrawsPerSecond);
  let shown = false;
  const draw = (state: State): void => {
    often.cancel();
    const bundle = { 'text/html': html(state), 'text/plain': line(state) };
    const { label, total, done, message, ended } = state;
    const metadata = { roentgen: { progress: true, label, total, done, message, ended, failed: state.failure !== undefined } };
    if (shown) displayHost().update(bundle, metadata, displayId);
    else displayHost().display(bundle, metadata, displayId);
    shown = true;
  };
  return { draw, redraw: (state) => often.offer(() => draw(state())) };
}

function terminalBar(): Output {
  const often = throttle(1000 / redrawsPerSecond);
  const draw = (state: State): void => {
    often.cancel();
    const width = (process.stderr.columns || 80) - 1;
    process.stderr.write(`\r\u001b[2K${clip(`${blocks(state)} ${line(state)}`, width)}${state.ended ? '\n' : ''}`);
  };
  return { draw, redraw: (state) => often.offer(() => draw(state())) };
}

function plainLines(): Output {
  // No timer: a line comes with an update or not at all.
  let last = Date.now();
  return {
    draw: (state) => {
      if (state.ended) process.stderr.write(`${line(state)}\n`);
    },
    redraw: (state) => {
      if (Date.now() - last < plainInterval) return;
      last = Date.now();
      process.stderr.write(`${line(state())}\n`);
    },
  };
}

/** Ended well without a step: what it would have made was there before. */
function hadNothingToDo({ ended, done, failure }: State): boolean {
  return ended && done === 0 && failure === undefined;
}

function fraction(state: State): number {
  const { done, total } = state;
  if (hadNothingToDo(state)) return 1;
  return total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
}

/** What every form of the bar says. */
function line(state: State): string {
  return `${state.label}: ${details(state)}`;
}

function details(state: State): string {
  const { total, done, message, elapsed, waiting, waited, waits, perSecond, ended, failure } = state;
  if (hadNothingToDo(state)) return ['kept from before', message].filter(Boolean).join(', ');
  const left = perSecond > 0 ? (total - done) / perSecond : Number.NaN;
  const parts = [
    `${Math.floor(100 * fraction(state))}%`,
    `${done}/${total}`,
    ended
      ? duration(elapsed) + (waited >= 1 ? ` (${duration(waited)} of it ${waits.join(', ')})` : '')
      : Number.isFinite(left)
        ? `${duration(left)} left`
        : '',
    rate(ended && elapsed > waited ? done / (elapsed - waited) : perSecond),
    waiting || message,
    failure === undefined ? '' : failure.replace(/^(stopped )?/i, (stopped) => stopped.toLowerCase() || 'stopped: '),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function blocks(state: State): string {
  const cells = 20;
  const filled = Math.round(cells * fraction(state));
  return `${'█'.repeat(filled)}${'░'.repeat(cells - filled)}`;
}

function clip(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}

function html(state: State): string {
  const percent = (100 * fraction(state)).toFixed(1);
  const colour = state.failure !== undefined ? '#d55e00' : state.ended ? '#009e73' : '#0072b2';
  const fill = `<div style="width:${percent}%;height:100%;background:${colour};border-radius:4px"></div>`;
  const shape = 'width:160px;height:8px;flex:none;background:rgba(128,128,128,.3);border-radius:4px;overflow:hidden';
  const track = `<div style="${shape}">${fill}</div>`;
  const text = `<span style="font-variant-numeric:tabular-nums"><b>${escapeHtml(state.label)}</b> ${escapeHtml(details(state))}</span>`;
  return `<div class="rg-progress" style="display:flex;gap:10px;align-items:center;font-size:13px;line-height:1.4">${track}${text}</div>`;
}
