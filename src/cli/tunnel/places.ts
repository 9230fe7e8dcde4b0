/** Where the two sides of a tunnel meet: sockets in a folder of their own, and ports of a network that has nothing but itself. */

import { join } from 'node:path';

/** What the inside is told. */
export interface Inside {
  /** Of the sockets, its owner's alone. */
  readonly folder: string;
  readonly rank: number;
  /** What Node runs there: a file, and its arguments. */
  readonly program: readonly [file: string, ...args: string[]];
}

/** Process `rank` as it is called within: the network has one machine, itself. */
export const insideAddress = (rank: number): string => `127.0.0.1:${insidePort(rank)}`;
export const insidePort = (rank: number): number => 20_000 + rank;

/** What comes in from other processes. */
export const comingIn = (folder: string): string => join(folder, 'in');
/** What goes out to one of them. */
export const goingOut = (folder: string, rank: number): string => join(folder, `out-${rank}`);

/** What the way in says first when the process behind it listens. */
export const READY: Buffer = Buffer.from([1]);

/** Messages between the two: a process of this rank can be reached; stop after this step. */
export type ToInside = { readonly reached: number } | 'stop';
