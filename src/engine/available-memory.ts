/** How much memory is left here: on the machine, in the container, and under the process's own limit. */

import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

/** Memory that this process may still take, MiB: the least that machine, container and `ulimit -v` leave. */
export function availableMemory(): number {
  const available = /MemAvailable:\s+(\d+)/.exec(readText('/proc/meminfo'));
  const limits = [available ? Number(available[1]) * 1024 : freemem(), containerMemory(), addressSpace()];
  return Math.min(...limits.filter((bytes) => !Number.isNaN(bytes))) / 2 ** 20;
}

function containerMemory(): number {
  const [limit, used] = ['memory.max', 'memory.current'].map((file) => Number.parseInt(readText(`/sys/fs/cgroup/${file}`), 10)) as [
    number,
    number,
  ];
  const cached = /^inactive_file (\d+)/m.exec(readText('/sys/fs/cgroup/memory.stat'));
  return limit - used + Number(cached?.[1] ?? 0);
}

/** What `ulimit -v` leaves; NaN where there is no limit. */
function addressSpace(): number {
  const limit = /^Max address space\s+(\d+)/m.exec(readText('/proc/self/limits'));
  const used = /^VmSize:\s+(\d+)/m.exec(readText('/proc/self/status'));
  return limit && used ? Math.max(0, Number(limit[1]) - Number(used[1]) * 1024) : Number.NaN;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
