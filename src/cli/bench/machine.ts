/** The machine that figures belong to. */

import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export interface Machine {
  readonly processor: string;
  /** Those that decide how fast products are, as Linux names them. */
  readonly instructions: readonly string[];
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
}

const INSTRUCTIONS = ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16'];

function flags(): readonly string[] {
  try {
    return /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(/\s+/) ?? [];
  } catch {
    return []; // not Linux
  }
}

/** This one. */
export function thisMachine(): Machine {
  const found = flags();
  return {
    processor: cpus()[0]?.model.trim() ?? process.arch,
    instructions: INSTRUCTIONS.filter((name) => found.includes(name)),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
  };
}
