/** How far a long command is, as one line of a terminal that is rewritten; where output goes to a file, a line now and then. */

import type { WriteStream } from 'node:tty';
import { duration, pace } from '../display/internal';

export interface LineProgress {
  /** Steps done, of how many; `note` stands behind them. */
  show(done: number, total: number, note: string): void;
  /** Leaves the cursor on a line of its own. */
  end(): void;
}

/** Least time between two lines: on a terminal, and elsewhere. */
const INTERVAL = { terminal: 100, file: 10_000 };

export function lineProgress(stream: WriteStream): LineProgress {
  const speed = pace();
  let printed = 0;
  let open = false;
  const show = (done: number, total: number, note: string): void => {
    const now = Date.now();
    speed.mark(done);
    if (done < total && now - printed < (stream.isTTY ? INTERVAL.terminal : INTERVAL.file)) return;
    printed = now;
    const perSecond = speed.perSecond();
    const left = perSecond === undefined || done === total ? '' : `, about ${duration((total - done) / perSecond)} left`;
    const line = `step ${done}/${total}, ${note}${left}`;
    if (stream.isTTY) stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
    else stream.write(`${line}\n`);
    open = stream.isTTY;
  };
  const end = (): void => {
    if (open) stream.write('\n');
    open = false;
  };
  return { show, end };
}
