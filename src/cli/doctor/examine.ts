/** What `roentgen doctor` looks at. Each finding is one fact and, where something is missing, one sentence with the command that gets it. */

import { readdir, readFile, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { type EngineInfo, startEngine } from '../../engine';
import { fusedState } from '../../engine/internal';
import { root, venv } from '../paths';
import { examineClassroom } from './classroom';
import type { Finding } from './finding';

export interface Kernel {
  readonly name: string;
  readonly displayName: string;
  /** Whether the files that it starts are there. */
  readonly works: boolean;
}

export interface Tokenizer {
  readonly name: string;
  readonly folder: string;
}

export interface Report {
  /** Whether nothing that is needed is missing. */
  readonly ok: boolean;
  readonly node: string;
  readonly platform: string;
  /** What runs, or null where no engine started. */
  readonly engine: Pick<EngineInfo, 'backend' | 'library' | 'device' | 'threads'> | null;
  readonly memoryMiB: { readonly total: number; readonly free: number };
  readonly kernels: readonly Kernel[];
  readonly tokenizers: readonly Tokenizer[];
  readonly findings: readonly Finding[];
}

/**
 * Examines the machine and the clone. Starts the engine.
 *
 * @param classroom whether to look for what a course needs, too
 */
export async function examine(dataFolders: readonly string[], classroom: boolean): Promise<Report> {
  const [engine, engineFinding] = await examineEngine();
  const kernels = await findKernels();
  const tokenizers = await findTokenizers(dataFolders);
  const memory = memoryMiB();
  const findings = [
    nodeFinding(),
    engineFinding,
    { name: 'processor', status: 'ok', found: `${cpus()[0]?.model.trim() || process.arch}, ${availableParallelism()} threads` } as const,
    ...fusedFinding(engine),
    await gpuFinding(engine),
    memoryFinding(memory),
    await diskFinding(),
    await jupyterFinding(),
    kernelFinding(kernels),
    await extensionFinding(),
    tokenizerFinding(tokenizers, dataFolders),
    ...(classroom ? await examineClassroom(memory.free) : []),
  ];
  return {
    ok: findings.every((f) => f.status !== 'missing'),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    engine: engine ? { backend: engine.backend, library: engine.library, device: engine.device, threads: engine.threads } : null,
    memoryMiB: memory,
    kernels,
    tokenizers,
    findings,
  };
}

function nodeFinding(): Finding {
  return { name: 'Node', status: 'ok', found: `${process.version} (${process.platform} ${process.arch})` }; // older ones never come here
}

async function examineEngine(): Promise<[EngineInfo | undefined, Finding]> {
  try {
    const info = await startEngine();
    const found = `${info.library} on the ${info.device} (${info.threads} ${info.threads === 1 ? 'thread' : 'threads'})`;
    if (!info.note) return [info, { name: 'engine', status: 'ok', found }];
    return [info, { name: 'engine', status: 'note', found, advice: info.note }];
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return [
      undefined,
      { name: 'engine', status: 'missing', found, advice: 'run "npm run setup"; it links TensorFlow, or says what keeps it from that' },
    ];
  }
}

/** Where TensorFlow computes on the processor. */
function fusedFinding(engine: EngineInfo | undefined): Finding[] {
  if (engine?.backend !== 'tensorflow' || engine.device !== 'CPU') return [];
  const { instructions, note } = fusedState();
  const name = 'fused operations';
  return [
    instructions ? { name, status: 'ok', found: `used, with ${instructions}` } : { name, status: 'note', found: `not used: ${note}` },
  ];
}

async function gpuFinding(engine: EngineInfo | undefined): Promise<Finding> {
  const driver = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => '');
  const version = /Kernel Module\s+(?:for \S+\s+)?(\S+)/.exec(driver)?.[1];
  if (engine && engine.backend === 'tensorflow' && engine.device !== 'CPU')
    return { name: 'GPU', status: 'ok', found: `${engine.device} runs compiled functions${version ? `, driver ${version}` : ''}` };
  if (!version) return { name: 'GPU', status: 'note', found: 'no NVIDIA driver; the processor does the work' };
  const advice = engine?.note ?? 'run "npm run setup -- --engine gpu", which brings XLA for it (about 3 GB more in .venv)';
  return { name: 'GPU', status: 'note', found: `driver ${version}, not used by the engine`, advice };
}

/** The memory that this process may use: a container's limit where there is one. */
function memoryMiB(): { total: number; free: number } {
  const limit = process.constrainedMemory?.() ?? 0; // a number far above the machine's memory stands for no limit
  const limited = limit > 0 && limit < totalmem();
  const total = limited ? limit : totalmem();
  const free = limited ? Math.max(0, limit - process.memoryUsage().rss) : freeMemory();
  return { total: Math.round(total / 2 ** 20), free: Math.round(free / 2 ** 20) };
}

/** Page cache counts as free: the system gives it up. */
function freeMemory(): number {
  return process.availableMemory?.() || freemem();
}

function memoryFinding({ total, free }: { total: number; free: number }): Finding {
  const found = `${(free / 1024).toFixed(1)} of ${(total / 1024).toFixed(1)} GiB free`;
  if (free >= 4096) return { name: 'memory', status: 'ok', found };
  return { name: 'memory', status: 'note', found, advice: 'the quickstart needs up to 4 GiB; close other programs before it' };
}

async function diskFinding(): Promise<Finding> {
  const { bavail, bsize } = await statfs(root);
  const free = (bavail * bsize) / 2 ** 30;
  const found = `${free.toFixed(1)} GiB free`;
  if (free >= 1) return { name: 'disk', status: 'ok', found };
  return { name: 'disk', status: 'note', found, advice: 'free at least 1 GiB for runs and checkpoints' };
}

async function jupyterFinding(): Promise<Finding> {
  const libraries = join(venv, 'lib');
  const pythons = await namesIn(libraries);
  for (const python of pythons.filter((name) => name.startsWith('python'))) {
    const packages = await namesIn(join(libraries, python, 'site-packages'));
    const lab = packages.find((name) => /^jupyterlab-[\d.]+\.dist-info$/.test(name));
    if (lab) return { name: 'JupyterLab', status: 'ok', found: `${lab.split('-')[1]!.replace('.dist', '')} (${python})` };
  }
  const advice = 'install Python 3.10 or newer with venv (Debian, Ubuntu: sudo apt install python3-venv), then run "npm run setup"';
  return { name: 'JupyterLab', status: 'missing', found: 'not installed in .venv', advice };
}

async function findKernels(): Promise<Kernel[]> {
  const folder = join(venv, 'share', 'jupyter', 'kernels');
  const kernels: Kernel[] = [];
  for (const name of (await namesIn(folder)).filter((n) => n.startsWith('roentgen'))) {
    try {
      const spec = JSON.parse(await readFile(join(folder, name, 'kernel.json'), 'utf8')) as { argv: string[]; display_name: string };
      const files = await Promise.all(spec.argv.slice(0, 2).map((path) => readable(path)));
      kernels.push({ name, displayName: spec.display_name, works: files.every(Boolean) });
    } catch {
      kernels.push({ name, displayName: name, works: false });
    }
  }
  return kernels;
}

function kernelFinding(kernels: readonly Kernel[]): Finding {
  const advice = 'run "npm run setup"; it writes the kernels again';
  if (kernels.length === 0) return { name: 'kernels', status: 'missing', found: 'none registered', advice };
  const broken = kernels.filter((k) => !k.works).map((k) => k.name);
  if (broken.length > 0) return { name: 'kernels', status: 'missing', found: `${broken.join(', ')} points to files that are gone`, advice };
  return { name: 'kernels', status: 'ok', found: kernels.map((k) => k.name).join(', ') };
}

/** What JupyterLab has of ours: its page of a notebook, among others. */
async function extensionFinding(): Promise<Finding> {
  const name = 'File > Save Report';
  const there = await readable(join(venv, 'share', 'jupyter', 'labextensions', 'roentgen-lab', 'package.json'));
  if (there) return { name, status: 'ok', found: 'an extension of JupyterLab, in .venv' };
  return {
    name,
    status: 'note',
    found: 'not installed in JupyterLab',
    advice: 'run "npm run setup"; until then "npx roentgen report NOTEBOOK"',
  };
}

/** A tokenizer is a folder with a `tokenizer.json`, or with a vocabulary of CLIP's or BERT's form. */
async function findTokenizers(dataFolders: readonly string[]): Promise<Tokenizer[]> {
  const found: Tokenizer[] = [];
  for (const data of dataFolders) {
    const parent = join(data, 'tokenizers');
    for (const name of await namesIn(parent)) {
      const files = await namesIn(join(parent, name));
      const complete =
        files.includes('tokenizer.json') || files.includes('vocab.txt') || (files.includes('vocab.json') && files.includes('merges.txt'));
      if (complete) found.push({ name, folder: join(parent, name) });
    }
  }
  return found;
}

function tokenizerFinding(tokenizers: readonly Tokenizer[], dataFolders: readonly string[]): Finding {
  if (tokenizers.length > 0) return { name: 'tokenizers', status: 'ok', found: tokenizers.map((t) => t.name).join(', ') };
  const looked = dataFolders.length > 0 ? `looked in tokenizers/ of ${dataFolders.join(', ')}` : 'no data folder';
  const advice =
    'only published models need one: put its folder (tokenizer.json, or vocab.json and merges.txt) into data/tokenizers/<name>; the built-in data makes its own';
  return { name: 'tokenizers', status: 'note', found: `none (${looked})`, advice };
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [] as string[])).sort();
}

async function readable(path: string): Promise<boolean> {
  return statfs(path).then(
    () => true,
    () => false,
  );
}
