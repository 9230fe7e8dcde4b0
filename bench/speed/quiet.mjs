// How quiet the machine is: timings taken while other programs run say more about those than about us.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Idle and all time of the processors since the machine started, in their own units. */
function processorTime() {
  const times = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  return { idle: times[3] + times[4], all: times.reduce((sum, time) => sum + time, 0) };
}

/** Fraction of the processors that is idle over a moment. */
async function idleFraction(milliseconds = 150) {
  const before = processorTime();
  await sleep(milliseconds);
  const after = processorTime();
  return (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

/** Waits until the machine is quiet. @returns whether it was before `seconds` had passed */
export async function quiet(seconds, enough = 0.88) {
  const end = performance.now() + 1000 * seconds;
  do if ((await idleFraction()) >= enough) return true;
  while (performance.now() < end);
  return false;
}
