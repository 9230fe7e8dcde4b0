/** Slurm on this machine alone, as long as a test runs: Debian's programs with everything in a folder of the test's. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd, endsWith, tempDir } from '../support';
import { ports } from './processes';

const PROGRAMS = ['srun', 'sinfo', 'slurmctld', 'slurmd', 'munged'];
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
const find = (name: string): string | undefined => folders.map((folder) => join(folder, name)).find((path) => existsSync(path));

/** Why Slurm can't be started here; false where it can. */
export const missingSlurm: string | false = PROGRAMS.some((name) => find(name) === undefined)
  ? 'Slurm is not here: apt-get install --no-install-recommends slurm-wlm munge'
  : process.getuid?.() !== 0 && 'its daemons are started by root alone';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @returns the environment for `srun`; all ends with the test */
export async function startSlurm(t: TestContext, cpus: number): Promise<NodeJS.ProcessEnv> {
  const folder = tempDir(t);
  for (const name of ['state', 'spool']) mkdirSync(join(folder, name));
  const [socket, key] = [join(folder, 'munge.sock'), join(folder, 'munge.key')];
  writeFileSync(key, randomBytes(128), { mode: 0o400 });
  const [controller, daemon, from] = (await ports(3)).map((address) => Number(address.split(':')[1])) as [number, number, number];
  const config = join(folder, 'slurm.conf');
  const name = hostname().split('.')[0];
  const settings = {
    ClusterName: 'test',
    SlurmctldHost: `${name}(127.0.0.1)`,
    SlurmUser: 'root',
    AuthType: 'auth/munge',
    AuthInfo: `socket=${socket}`,
    CommunicationParameters: 'NoCtldInAddrAny,NoInAddrAny',
    SlurmctldPort: controller,
    SlurmdPort: daemon,
    SrunPortRange: `${Math.min(from, 60_000)}-${Math.min(from, 60_000) + 50}`,
    StateSaveLocation: join(folder, 'state'),
    SlurmdSpoolDir: join(folder, 'spool'),
    SlurmctldPidFile: join(folder, 'slurmctld.pid'),
    SlurmdPidFile: join(folder, 'slurmd.pid'),
    SlurmctldLogFile: join(folder, 'slurmctld.log'),
    SlurmdLogFile: join(folder, 'slurmd.log'),
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    JobAcctGatherType: 'jobacct_gather/none',
    MpiDefault: 'none',
    ReturnToService: 2,
    // Ports follow from the job's number, and another test may have its own Slurm at the same time; none has more than three jobs.
    FirstJobId: 1 + 3 * (process.pid % 60),
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_Core',
  };
  const node = `NodeName=localhost NodeHostname=${name} NodeAddr=127.0.0.1 CPUs=${cpus} RealMemory=1000 State=UNKNOWN`;
  const lines = [
    ...Object.entries(settings).map(([entry, value]) => `${entry}=${value}`),
    node,
    'PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const env = { ...process.env, SLURM_CONF: config, PATH: folders.join(delimiter) };
  const daemons = [
    [
      'munged',
      '--foreground',
      '--force',
      `--key-file=${key}`,
      `--socket=${socket}`,
      `--pid-file=${join(folder, 'munged.pid')}`,
      `--seed-file=${join(folder, 'seed')}`,
      `--log-file=${join(folder, 'munged.log')}`,
    ],
    ['slurmctld', '-D', '-f', config],
    ['slurmd', '-D', '-f', config, '-N', 'localhost'],
  ];
  for (const [program, ...args] of daemons) {
    endsWith(t, spawn(find(program!)!, args, { env, stdio: 'ignore' }));
    await pause(700);
  }
  for (let tries = 0; ; tries++) {
    const state = execFileSync('sinfo', ['-h', '-o', '%t'], { env, encoding: 'utf8', timeout: 20_000 }).trim();
    if (state === 'idle') {
      atEnd(t, () => endJobs(env));
      return env;
    }
    if (tries > 40) throw new Error(`Slurm's node is ${state}, not idle`);
    await pause(500);
  }
}

/** A failed test leaves jobs, whose tasks would outlive the daemons. */
async function endJobs(env: NodeJS.ProcessEnv): Promise<void> {
  const call = (program: string, ...args: string[]): string =>
    spawnSync(program, args, { env, encoding: 'utf8', timeout: 20_000 }).stdout.trim();
  for (let tries = 0; tries < 20 && call('squeue', '-h') !== ''; tries++) {
    call('scancel', '--me', '--full', '--signal=KILL');
    call('scancel', '--me'); // those that wait
    await pause(500);
  }
}
