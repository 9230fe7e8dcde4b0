/** Looks at many files: a few here, very many in threads. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Asked, asks } from './look';

export type { FileFacts } from './look';

/** Files that are looked at in one go, some hundredths of a second; fewer than a few of these are not worth a thread. */
const PART = 2048;
const WORTH_THREADS = 4 * PART;
const MOST_THREADS = 8;

type Part<A extends Asked> = Parameters<(typeof asks)[A]>[0];
type Answer<A extends Asked> = ReturnType<(typeof asks)[A]>;

/** The answers for all items, in their order. */
export async function lookAt<A extends Asked>(asked: A, question: Part<A>): Promise<Answer<A>> {
  const parts = Array.from({ length: Math.ceil(question.items.length / PART) }, (_, i) => ({
    ...question,
    items: question.items.slice(i * PART, (i + 1) * PART),
  })) as Part<A>[];
  const answers = question.items.length < WORTH_THREADS ? await here(asked, parts) : await inThreads(asked, parts);
  return answers.flat() as unknown as Answer<A>;
}

async function here<A extends Asked>(asked: A, parts: readonly Part<A>[]): Promise<Answer<A>[]> {
  const answers: Answer<A>[] = [];
  for (const part of parts) {
    answers.push((asks[asked] as (part: Part<A>) => Answer<A>)(part));
    await new Promise(setImmediate); // others have their turn
  }
  return answers;
}

async function inThreads<A extends Asked>(asked: A, parts: readonly Part<A>[]): Promise<Answer<A>[]> {
  const answers: Answer<A>[] = [];
  const workers = Array.from(
    { length: Math.min(availableParallelism(), MOST_THREADS, parts.length) },
    () => new Worker(join(__dirname, 'worker.js')),
  );
  let next = 0;
  const run = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      let at = -1;
      const ask = (): void => {
        at = next++;
        if (at < parts.length) worker.postMessage({ asked, part: parts[at] });
        else resolve();
      };
      worker.on('message', (answer: Answer<A>) => {
        answers[at] = answer;
        ask();
      });
      worker.on('error', reject);
      ask();
    });
  try {
    await Promise.all(workers.map(run));
    return answers;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
