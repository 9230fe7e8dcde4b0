/** A thread that looks at files: takes {asked, part}, answers with what it found. */

import { parentPort } from 'node:worker_threads';
import { type Asked, asks } from './look';

parentPort?.on('message', ({ asked, part }: { asked: Asked; part: never }) => parentPort!.postMessage(asks[asked](part)));
