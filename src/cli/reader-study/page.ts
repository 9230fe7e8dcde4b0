/** A study's page on this machine, for as long as a reader reads. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Command } from 'commander';
import type { ReaderSitting, ServeOptions } from '../../evaluation';
import { Interrupted, UsageError } from '../context';
import { portNumber } from '../numbers';

export interface PageFlags {
  reader?: string;
  port?: number;
  browser?: boolean;
}

/** Adds the options of the page. */
export const pageOptions = (command: Command): Command =>
  command
    .option('--reader <name>', "opens the page for this reader, and goes on where the reader was; without it the readers' results so far")
    .option('--port <n>', 'of the page, on this machine alone; by default any that is free', portNumber)
    .option('--no-browser', 'print the address instead of opening it');

export interface Reading {
  readonly reader: string;
  readonly port?: number;
  /** Whether the address is opened. */
  readonly browser: boolean;
  readonly open: (watched: Pick<ServeOptions, 'onRated' | 'port'>) => Promise<ReaderSitting>;
  readonly say: (note: string) => void;
  readonly progress: (rated: number, items: number) => void;
  readonly signal?: AbortSignal;
}

/** @throws Interrupted where the page was left by Ctrl-C: what is rated is kept; UsageError where the port can't be had */
export async function readUntilEnded({ reader, port, browser, open, say, progress, signal }: Reading): Promise<void> {
  let items = 0;
  const onRated = (rated: number): void => progress(rated, items);
  const sitting = await open({ onRated, ...(port !== undefined && { port }) }).catch(portError);
  items = sitting.items;
  try {
    say(`${reader}: ${sitting.rated()} of ${sitting.items} items are rated. The page, on this machine alone: ${sitting.address}`);
    say('It ends with its last button, or by Ctrl-C; the same command goes on.');
    if (browser) openInBrowser(sitting.address);
    await sitting.ended;
  } finally {
    await sitting.close();
  }
  if (signal?.aborted)
    throw new Interrupted(`reader study: ${reader} has rated ${sitting.rated()} of ${sitting.items} items; the same command goes on`);
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
