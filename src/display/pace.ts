/** How fast something goes, by its last steps alone. */

/** The rate is that of the last seconds, or of the last step where steps take longer. */
const window = 20_000;
/** Times closer together are one: a few a second are enough to divide by. */
const resolution = 200;

/** Counts what is done, with the time. */
export interface Pace {
  /** Says how much is done now. */
  mark(done: number): void;
  /** Units in a second, of late; undefined until two steps were timed after the first, which also records and compiles, or goes on from a checkpoint. */
  perSecond(): number | undefined;
}

export function pace(now: () => number = Date.now): Pace {
  let steps = 0; // counted apart from the times kept, which are fewer where steps are quick
  let times: [time: number, done: number][] = [];
  return {
    mark(done) {
      const last = times.at(-1);
      if (last && done === last[1]) return; // another message on the same step
      if (last && done < last[1]) [steps, times] = [0, []]; // it began anew
      steps++;
      const time = now();
      const before = times.at(-2);
      if (before && time - before[0] < resolution) times[times.length - 1] = [time, done];
      else times.push([time, done]);
      while (times.length > 2 && time - times[1]![0] > window) times.shift();
    },
    perSecond() {
      const [from, to] = [times[0], times.at(-1)];
      if (steps < 3 || !from || !to) return undefined;
      const seconds = (to[0] - from[0]) / 1000;
      return seconds > 0 ? (to[1] - from[1]) / seconds : undefined;
    },
  };
}
