// How many phantom pictures are made in a second. Usage: node bench/phantom.mjs [--size 64] [--count 300] [--threads]
// Without --threads: one thread, nothing cached. With it: `batch` on all processors, nothing cached, start of the threads included.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const { openPhantom, renderStudy } = createRequire(import.meta.url)('roentgen-lab/datasets');
const { values } = parseArgs({
  options: { size: { type: 'string', default: '64' }, count: { type: 'string', default: '300' }, threads: { type: 'boolean', default: false } },
});
const [size, count] = [Number(values.size), Number(values.count)];
const phantom = openPhantom({ seed: 1, count: count + 40, cache: false });
for (let i = 0; i < 40; i++) renderStudy(phantom.study(i), size); // the compiler's warm-up

const start = performance.now();
if (values.threads)
  await phantom.batch(
    Array.from({ length: count }, (_, i) => 40 + i),
    size,
  );
else for (let i = 0; i < count; i++) renderStudy(phantom.study(40 + i), size);
const seconds = (performance.now() - start) / 1000;
console.log(`${count} pictures of ${size}x${size} in ${seconds.toFixed(2)} s: ${(count / seconds).toFixed(0)} a second${values.threads ? ', all processors' : ', one thread'}`);
