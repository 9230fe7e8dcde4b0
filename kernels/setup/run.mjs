// Child processes: found on the PATH, run to their end, their lines handed on as they come.

import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { SetUpInterrupted } from './error.mjs';
import { root } from './paths.mjs';

const running = new Set();
let interrupted = false;

/** Ends all children and makes what runs next throw; the caller's signal handlers call it. */
export function interrupt() {
  interrupted = true;
  for (const child of running) child.kill('SIGTERM');
}

/** The absolute path of a program on the PATH, or undefined. */
export function which(name) {
  if (isAbsolute(name)) return isProgram(name) ? name : undefined;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder || '.', name);
    if (isProgram(path)) return path;
  }
  return undefined;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs a program and waits for its end.
 *
 * @param onLine called with each line of both outputs
 * @param signal ends the program when it is aborted
 * @returns { code, stdout, output }: `output` holds the last 200 lines of both outputs
 */
export async function run(program, args, { cwd = root, env = {}, onLine, signal, timeout = 0 } = {}) {
  if (interrupted) throw new SetUpInterrupted('interrupted');
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], signal, timeout });
  running.add(child);
  let stdout = '';
  const output = [];
  const take = (line) => {
    output.push(line);
    if (output.length > 200) output.shift();
    onLine?.(line);
  };
  child.stdout.on('data', (bytes) => {
    stdout += bytes;
  });
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, take);
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      output.push(error.message);
      resolve(-1);
    });
    child.once('close', (status) => resolve(status ?? -1));
  });
  running.delete(child);
  if (interrupted) throw new SetUpInterrupted('interrupted');
  return { code, stdout, output };
}

function eachLine(stream, take) {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text) => {
    const lines = (rest + text).split(/[\r\n]+/);
    rest = lines.pop();
    for (const line of lines) if (line.trim()) take(line);
  });
  stream.on('end', () => {
    if (rest.trim()) take(rest);
  });
}
