/** The cluster of a Slurm step, from the environment that srun gives each of its tasks: nothing is asked of Slurm. */

/** Where ports begin: below those that Linux gives out by itself (32768 on). */
const [FIRST_PORT, PORTS] = [20_000, 12_000] as const;
/** Steps of one job that have ports of their own. */
const STEPS = 64;

/** Names of a list as Slurm writes it: `gpu[01-03,7],login` is gpu01, gpu02, gpu03, gpu7 and login. */
export function slurmNodes(list: string): string[] {
  // A comma within brackets is none of the list.
  return (list.match(/(?:[^,[]|\[[^\]]*\])+/g) ?? []).flatMap(expanded);
}

function expanded(name: string): string[] {
  const [, before, ranges, after] = /^([^[]*)\[([^\]]*)\](.*)$/.exec(name) ?? [];
  if (ranges === undefined) return [name];
  const numbers = ranges.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-') as [string, string?];
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => String(Number(from) + i).padStart(from.length, '0'));
  });
  return numbers.flatMap((number) => expanded(after!).map((rest) => `${before}${number}${rest}`));
}

/** Tasks of each node: `2(x3),1` is 2, 2, 2 and 1. */
function tasksOfNodes(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, tasks, times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return new Array<number>(Number(times)).fill(Number(tasks));
  });
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Rank and addresses of this task; ports follow from job and step, or begin at ROENTGEN_PORT.
 *
 * @returns undefined outside of a step of several tasks
 * @throws RangeError where tasks are not placed in blocks, so that ranks can't be told
 */
export function slurmCluster(env: Environment): { readonly rank: number; readonly addresses: readonly string[] } | undefined {
  const tasks = Number(env.SLURM_STEP_NUM_TASKS ?? env.SLURM_NTASKS);
  const nodes = env.SLURM_STEP_NODELIST;
  if (!(tasks > 1) || env.SLURM_PROCID === undefined || nodes === undefined) return undefined;
  const rank = Number(env.SLURM_PROCID);
  const perNode = tasksOfNodes(env.SLURM_STEP_TASKS_PER_NODE ?? env.SLURM_TASKS_PER_NODE ?? '');
  const base = Number(env.ROENTGEN_PORT ?? FIRST_PORT + ((Number(env.SLURM_JOB_ID) * STEPS + Number(env.SLURM_STEP_ID ?? 0)) % PORTS));
  const places = slurmNodes(nodes).flatMap((node, n) =>
    Array.from({ length: perNode[n] ?? 0 }, (_, i) => ({ n, address: `${node}:${base + i}` })),
  );
  if (places.length !== tasks || places[rank]?.n !== Number(env.SLURM_NODEID ?? places[rank]?.n))
    throw new RangeError('srun: tasks must be placed in blocks, so that their ranks follow from the nodes: srun --distribution=block');
  return { rank, addresses: places.map(({ address }) => address) };
}
