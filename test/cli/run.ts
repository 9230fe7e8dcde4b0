/** Runs the command line as a person does, in a process of its own. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { root } from '../support';

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `roentgen` with these arguments and sends a signal (SIGINT) once `interruptAt` was printed, or once `interruptWhen` holds; with
 * `twice` a second one as soon as the first was answered.
 */
export async function roentgen(
  args: readonly string[],
  options: {
    cwd?: string;
    env?: Record<string, string>;
    interruptAt?: string;
    interruptWhen?: () => boolean;
    signal?: NodeJS.Signals;
    twice?: boolean;
  } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'bin', 'roentgen.mjs'), ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  let again = false;
  const { signal = 'SIGINT' } = options;
  const look = (printed: string): void => {
    if (interrupted || options.interruptAt === undefined || !printed.includes(options.interruptAt)) return;
    interrupted = true;
    child.kill(signal);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look(stdout);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    look(stderr);
    if (!options.twice || again || !stderr.includes('ends at once')) return;
    again = true;
    child.kill(signal);
  });
  const watch = setInterval(() => {
    if (interrupted || !options.interruptWhen?.()) return;
    interrupted = true;
    child.kill(signal);
  }, 5);
  // Ended by a signal: the number that a shell gives.
  const status = await new Promise<number>((resolve) => child.on('close', (code, by) => resolve(code ?? 128 + constants.signals[by!])));
  clearInterval(watch);
  return { status, stdout, stderr };
}
