/**
 * Processes that a cell waits for without yielding (`execSync` and its like) end at an interrupt, as they do in a terminal.
 *
 * The main thread is blocked until the child ends: the control worker sends SIGINT to it and its descendants, and SIGTERM if that does
 * not help. Processes that were there before are left alone. Only Linux tells a process its children; elsewhere, the interrupt comes
 * when the child has ended.
 */
import childProcess from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Interrupted } from './contexts';

/** The process ids of a process's children. */
export function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  const read = <T>(body: () => T[]): T[] => {
    try {
      return body();
    } catch {
      return []; // The process or thread has ended meanwhile, or this is another system.
    }
  };
  return read(() => readdirSync(tasks)).flatMap((task) =>
    read(() => readFileSync(`${tasks}/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number)),
  );
}

/** Signals the children of this process that are not in `known`, and their descendants. True where there was one. */
export function signalChildren(known: readonly number[], signal: NodeJS.Signals): boolean {
  const fresh = childrenOf(process.pid).filter((pid) => !known.includes(pid));
  const send = (pid: number): void => {
    // Before it is gone, and its children are another's.
    const children = childrenOf(pid);
    try {
      process.kill(pid, signal);
    } catch {} // It has ended meanwhile.
    children.forEach(send);
  };
  fresh.forEach(send);
  return fresh.length > 0;
}

/** What the functions that wait tell, and ask. */
export interface Waiting {
  /** The wait begins. The children that are there. */
  begins(known: readonly number[]): void;
  /** The wait is over. True where an interrupt ended it. */
  ends(): boolean;
}

/** Replaces the functions of node:child_process that wait by ones that an interrupt ends. */
export function installChildren(waiting: Waiting): void {
  const functions = childProcess as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ['spawnSync', 'execSync', 'execFileSync']) {
    const original = functions[name]!;
    functions[name] = (...args) => {
      waiting.begins(childrenOf(process.pid));
      let outcome: () => unknown;
      try {
        const result = original(...args);
        outcome = () => result;
      } catch (error) {
        outcome = () => {
          throw error;
        };
      }
      if (waiting.ends()) throw new Interrupted();
      return outcome();
    };
  }
  syncBuiltinESMExports();
}
