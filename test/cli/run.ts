/** Runs the command line as a person does, in a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../support';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `roentgen` with these arguments and sends SIGINT once `interruptAt` was printed to standard output, or once `interruptWhen` holds. */
export async function roentgen(
  args: readonly string[],
  options: { env?: Record<string, string>; interruptAt?: string; interruptWhen?: () => boolean } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'bin', 'roentgen.mjs'), ...args], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (interrupted || options.interruptAt === undefined || !stdout.includes(options.interruptAt)) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const watch = setInterval(() => {
    if (interrupted || !options.interruptWhen?.()) return;
    interrupted = true;
    child.kill('SIGINT');
  }, 5);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  return { status, stdout, stderr };
}
