/** `roentgen evaluate reader-study`: with `--reader` the page for one reader until the study is ended, then the tables of all readers so far. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Command } from 'commander';
import type { Bench, ReaderStudyResult } from '../../evaluation';
import { Interrupted, UsageError } from '../context';
import { portNumber, wholeNumber } from '../numbers';

interface Flags {
  reader?: string;
  port?: number;
  browser?: boolean;
  pairs?: number;
  texts?: number;
}

/** The command's own options. */
export function readerStudyOptions(command: Command): void {
  command
    .option('--reader <name>', "opens the page for this reader, and goes on where the reader was; without it the readers' results so far")
    .option('--port <n>', 'of the page, on this machine alone; by default any that is free', portNumber)
    .option('--no-browser', 'print the address instead of opening it')
    .option('--pairs <n>', 'pairs of a real and a synthetic image of each model; 104 as in the paper, 24 with --quick', wholeNumber(0))
    .option('--texts <n>', 'synthetic images with their texts of each model; 107 as in the paper, 24 with --quick', wholeNumber(0));
}

/** @throws Interrupted where the page was left by Ctrl-C: what is rated is kept */
export async function runReaderStudy(bench: Bench, flags: Readonly<Record<string, unknown>>): Promise<ReaderStudyResult> {
  const { evaluateReaderStudy, openReaderStudy } = require('../../evaluation') as typeof import('../../evaluation');
  const { reader, port, browser = true, pairs, texts }: Flags = flags;
  const counts = { ...(pairs !== undefined && { pairs }), ...(texts !== undefined && { texts }) };
  if (reader !== undefined) {
    let items = 0;
    const onRated = (rated: number): void => bench.progress(`items that ${reader} has rated`, rated, items);
    const sitting = await openReaderStudy(bench, reader, { ...counts, onRated, ...(port !== undefined && { port }) }).catch(portError);
    items = sitting.items;
    try {
      bench.note(`${reader}: ${sitting.rated()} of ${sitting.items} items are rated. The page, on this machine alone: ${sitting.address}`);
      bench.note('It ends with its last button, or by Ctrl-C; the same command goes on.');
      if (browser) openInBrowser(sitting.address);
      await sitting.ended;
    } finally {
      await sitting.close();
    }
    if (bench.signal?.aborted)
      throw new Interrupted(`reader study: ${reader} has rated ${sitting.rated()} of ${sitting.items} items; the same command goes on`);
  }
  return evaluateReaderStudy(bench, counts);
}

function portError(error: NodeJS.ErrnoException & { port?: number }): never {
  if (error.code === 'EADDRINUSE') throw new UsageError(`reader study: --port ${error.port} is taken; give another or none`);
  if (error.code === 'EACCES' && error.port !== undefined) throw new UsageError(`reader study: --port ${error.port} is not allowed`);
  throw error;
}

/** By the desktop's own program where there is one; the address is printed in any case. */
function openInBrowser(address: string): void {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return;
  const [program, ...first] = process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['explorer'] : ['xdg-open'];
  const there = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program!)));
  if (!there && process.platform !== 'win32') return;
  const child = spawn(program!, [...first, address], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
