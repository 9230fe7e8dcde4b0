// How many pictures of a built-in domain are made in a second. Usage: node bench/domains.mjs [--data phantom|world] [--size 64] [--count 300] [--threads]
// Without --threads: one thread, nothing cached. With it: `batch` on all processors, nothing cached, start of the threads included.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const { openPhantom, openWorld } = createRequire(import.meta.url)('roentgen-lab/datasets');
const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'phantom' },
    size: { type: 'string', default: '64' },
    count: { type: 'string', default: '300' },
    threads: { type: 'boolean', default: false },
  },
});
const [size, count] = [Number(values.size), Number(values.count)];
const open = values.data === 'world' ? openWorld : openPhantom;
const domain = open({ seed: 1, count: count + 40, cache: false });
for (let i = 0; i < 40; i++) await domain.pixels(i, size); // the compiler's warm-up

const [start, busy] = [performance.now(), process.cpuUsage()];
if (values.threads)
  await domain.batch(
    Array.from({ length: count }, (_, i) => 40 + i),
    size,
  );
else for (let i = 0; i < count; i++) await domain.pixels(40 + i, size);
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(busy);
console.log(
  `${domain.name}: ${count} pictures of ${size}x${size} in ${seconds.toFixed(2)} s: ${(count / seconds).toFixed(0)} a second${values.threads ? ', all processors' : ', one thread'}; ` +
    `${((1e6 * count) / (user + system)).toFixed(0)} a second of processor time`,
);
