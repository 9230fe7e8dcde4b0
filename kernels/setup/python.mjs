// The Python environment: found, made, and filled with pinned packages.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from './error.mjs';
import { root, venv, venvPython } from './paths.mjs';
import { run, which } from './run.mjs';
import { fingerprint, readStamp, writeStamp } from './stamp.mjs';

const stamp = join(venv, 'roentgen.json');
const oldest = [3, 10];
const candidates = ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
const getPython =
  'get Python with "sudo apt install python3 python3-venv" (macOS: "brew install python@3.12"), then run "npm run setup" again';

const probe = `
import sys, json
try:
    import venv, ensurepip
    complete = True
except ImportError:
    complete = False
print(json.dumps({"version": sys.version_info[:3], "venv": complete}))`;

/** Requirement lines whose package is missing or has another version, one a line; markers for other machines are left out. */
const compare = `
import sys
from importlib import metadata
from pip._vendor.packaging.requirements import Requirement
for line in open(sys.argv[1], encoding="utf-8"):
    line = line.split("#")[0].split(" --hash")[0].strip()
    if not line: continue
    requirement = Requirement(line)
    if requirement.marker and not requirement.marker.evaluate(): continue
    try:
        if requirement.specifier.contains(metadata.version(requirement.name), prereleases=True): continue
    except metadata.PackageNotFoundError:
        pass
    print(line)`;

/**
 * The first Python on the PATH that is new enough and has venv.
 *
 * @returns { path, version } or { missing }: one sentence
 */
export async function findPython() {
  let missing = `Python 3.10 or newer was not found; ${getPython}`;
  for (const name of candidates) {
    const path = which(name);
    if (!path) continue;
    const { code, stdout } = await run(path, ['-c', probe], { timeout: 20_000 });
    const found = code === 0 ? JSON.parse(stdout) : undefined;
    if (!found) continue;
    const version = found.version.join('.');
    if (found.version[0] < oldest[0] || (found.version[0] === oldest[0] && found.version[1] < oldest[1])) {
      missing = `Python 3.10 or newer was not found (${name} is ${version}); ${getPython}`;
    } else if (!found.venv) {
      missing = `Python ${version} lacks venv; get it with "sudo apt install python${found.version.slice(0, 2).join('.')}-venv", then run "npm run setup" again`;
    } else return { path, version };
  }
  return { missing };
}

/** The environment's version of Python, or undefined where there is none that works. */
export function venvVersion() {
  if (!existsSync(venvPython)) return undefined; // also where the Python that it links to is gone
  try {
    return /^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)/m.exec(readFileSync(join(venv, 'pyvenv.cfg'), 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Makes the environment where it is missing, broken, or was left by an installation that was cut off. */
export async function makeVenv() {
  const cutOff = readStamp(stamp).installing;
  if (venvVersion() && !cutOff) {
    const { code } = await run(venvPython, ['-m', 'pip', '--version']);
    if (code === 0) return;
  }
  const python = await findPython();
  if (python.missing) throw new SetUpError(python.missing);
  const { code, output } = await run(python.path, ['-m', 'venv', '--clear', venv]);
  if (code === 0) return;
  rmSync(venv, { recursive: true, force: true });
  throw new SetUpError(
    `.venv could not be made (${lastLine(output)}); get venv with "sudo apt install python3-venv", then run "npm run setup" again`,
  );
}

const fingerprintOf = (file) => fingerprint({ values: [venvVersion()], files: [join(root, file)] });

/** Whether the packages of a requirements file were installed by an earlier run and the file is still the same. */
export function hasPackages(file) {
  const { installing, ...done } = readStamp(stamp);
  return Boolean(venvVersion()) && !installing && done[file] === fingerprintOf(file);
}

/**
 * Installs a requirements file. What is there already in the right version is taken as it is.
 *
 * @param what names the packages in a failure
 * @param extra arguments of pip
 */
export async function installPackages(file, what, extra, onProgress) {
  if (hasPackages(file)) return;
  const path = join(root, file);
  const { code, stdout } = await run(venvPython, ['-c', compare, path]);
  const missing = stdout.split('\n').filter(Boolean);
  if (code !== 0 || missing.length > 0) {
    writeStamp(stamp, { installing: file });
    await pip(['install', ...extra, '-r', path], what, missing.length, onProgress);
  }
  writeStamp(stamp, { installing: undefined, [file]: fingerprintOf(file) });
}

/** Whether packages of a requirements file were installed, from the file as it is or as it was. */
export const hadPackages = (file) => Boolean(venvVersion()) && readStamp(stamp)[file] !== undefined;

/** Removes the packages of a requirements file, which nothing else needs. */
export async function removePackages(file) {
  await run(venvPython, ['-m', 'pip', 'uninstall', '-y', '-q', '-r', join(root, file)]);
  writeStamp(stamp, { [file]: undefined });
}

async function pip(args, what, count, onProgress) {
  const raw = (await pipVersion()) >= 24.1 ? ['--progress-bar', 'raw'] : ['--progress-bar', 'off'];
  let collected = 0;
  let downloading = '';
  const onLine = (line) => {
    const bytes = /^Progress (\d+) of (\d+)/.exec(line);
    if (bytes) onProgress(downloading, Number(bytes[2]) > 20e6 ? Number(bytes[1]) / Number(bytes[2]) : collected / count);
    else if (/^Collecting |^Requirement already/.test(line)) onProgress(line, Math.min(1, ++collected / count));
    else if (/^\s+Downloading |^\s+Using cached /.test(line)) {
      downloading = line.replace(/\.metadata/, '').trim();
      onProgress(downloading, count > 5 ? collected / count : undefined);
    } else if (/^Installing collected/.test(line)) onProgress('installing', undefined);
  };
  const env = { PYTHONUNBUFFERED: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1', PYTHONNOUSERSITE: '1' };
  const { code, output } = await run(venvPython, ['-m', 'pip', ...args, ...raw], { onLine, env });
  if (code !== 0) throw new SetUpError(`${what} could not be installed: ${whyPipFailed(output)}`);
}

async function pipVersion() {
  const { stdout } = await run(venvPython, ['-m', 'pip', '--version']);
  return Number(/^pip (\d+\.\d+)/.exec(stdout)?.[1] ?? 0);
}

/** One sentence from pip's output, with the command that gets further. */
export function whyPipFailed(output) {
  const text = output.join('\n');
  const again = 'then run "npm run setup" again';
  if (/No space left|Errno 28/.test(text))
    return `the disk is full (Jupyter and TensorFlow need 2 GB, with a GPU's libraries 5 GB); free some space, ${again}`;
  if (
    /NewConnectionError|NameResolutionError|Max retries exceeded|ConnectTimeout|Read timed out|Name or service not known|Temporary failure in name resolution|ProxyError|SSLError|Connection (refused|reset)/.test(
      text,
    )
  )
    return `the Python package index did not answer; check the network (a proxy goes into HTTPS_PROXY), ${again}`;
  const absent = /No matching distribution found for (\S+)/.exec(text)?.[1];
  if (absent)
    return `the package index has no ${absent} for this Python and machine; look at "pip config list", or install Python 3.10 to 3.13 and delete .venv, ${again}`;
  return `pip says "${lastLine(output.filter((line) => /error/i.test(line))) || lastLine(output)}"; try "npm run setup" again`;
}

function lastLine(lines) {
  return (lines.at(-1) ?? 'no message')
    .trim()
    .replace(/^ERROR:\s*/, '')
    .slice(0, 300);
}
