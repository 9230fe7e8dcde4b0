/** The convention of all commands: where output goes, how they end, how they are interrupted. */

import type { Command } from 'commander';
import type { FileError } from '../files';

/** 0: done and all well. 1: a check failed or something broke. 2: wrong usage or bad input. 130: interrupted. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface Context {
  /** Raised by the first Ctrl-C; a second one ends the process at once. */
  readonly signal: AbortSignal;
  /** One line of a result, to standard output. With `--json` a command prints one JSON value and nothing else there. */
  print(line: string): void;
  /** One line for a person while it runs, to standard error. */
  say(line: string): void;
  /** Sets what the process ends with when nothing is thrown, such as 1 for a check that failed. */
  endWith(code: ExitCode): void;
}

/** Gives a command its arguments, options and action. Each command's file exports one. */
export type AddCommand = (command: Command, context: Context) => void;

/** Wrong usage or bad input that a person can put right; the message is the whole story. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/**
 * Runs what a person's settings go into: a value that it refuses is wrong usage. What it refuses of a file is a FileError already.
 *
 * @param where the command
 */
export async function asUsage<T>(where: string, make: () => Promise<T> | T): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${where}: ${error.message}`);
    throw error;
  }
}

/** Thrown by a command that found the signal raised and stopped in good order. */
export class Interrupted extends Error {
  override name = 'Interrupted';
  constructor(message = 'interrupted') {
    super(message);
  }
}

/** The machine's fault, not the input's. */
export const machineFaults: readonly string[] = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE'];

/** By its name: the class would load images and tensors with it before a command knows whether it needs them. */
function isFileError(error: unknown): error is FileError {
  return error instanceof Error && error.name === 'FileError';
}

/** How the process ends for what a command threw. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Interrupted || (error instanceof Error && error.name === 'AbortError')) return exitCodes.interrupted;
  if (error instanceof UsageError) return exitCodes.usage;
  if (isFileError(error)) {
    return error.code && machineFaults.includes(error.code) ? exitCodes.failed : exitCodes.usage;
  }
  return exitCodes.failed;
}

/** What a person reads of an error: its message, and the stack only where ROENTGEN_DEBUG is set. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return process.env.ROENTGEN_DEBUG ? (error.stack ?? error.message) : error.message;
}

/** For commander options that may be given several times: `--data A --data B`. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
