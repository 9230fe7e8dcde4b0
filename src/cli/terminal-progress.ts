/** A notebook's run as one line of a terminal: which cell, and the progress bar that it shows. Where output goes to a file, a line now and then. */

import type { WriteStream } from 'node:tty';
import type { NotebookEvent } from 'roentgen-lab/kernel-client';

export interface TerminalProgress {
  /** Takes what happens in the notebook. */
  readonly take: (event: NotebookEvent) => void;
  /** Leaves the cursor on a line of its own. */
  readonly end: () => void;
}

/** Seconds between lines where they can't be rewritten. */
const PLAIN_INTERVAL = 10;

export function terminalProgress(stream: WriteStream): TerminalProgress {
  let cells = '';
  let open = false; // a line that is to be rewritten stands there
  let printed = 0;
  const finish = (): void => {
    if (open) stream.write('\n');
    open = false;
  };
  const rewrite = (line: string, ended: boolean): void => {
    if (stream.isTTY) {
      stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      open = true;
      if (ended) finish();
    } else if (ended || Date.now() - printed >= PLAIN_INTERVAL * 1000) {
      printed = Date.now();
      stream.write(`${line}\n`);
    }
  };
  const take = (event: NotebookEvent): void => {
    if (event.type === 'start') cells = `[${event.cell + 1}/${event.cells}]`;
    if (event.type === 'stream') {
      finish();
      for (const line of event.text.trimEnd().split('\n')) stream.write(`${cells} ${line}\n`);
    }
    if (event.type !== 'display') return;
    const mark = (event.metadata as { roentgen?: { progress?: boolean; ended?: boolean } }).roentgen;
    if (mark?.progress) rewrite(`${cells} ${String(event.data['text/plain'] ?? '')}`, mark.ended === true);
  };
  return { take, end: finish };
}
