// The npm packages, and the links by which the clone is a package of its own.

import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetUpError } from './error.mjs';
import { modules, root } from './paths.mjs';
import { run, which } from './run.mjs';
import { fingerprint, readStamp, writeStamp } from './stamp.mjs';

const stamp = join(modules, '.roentgen.json');
const lockfile = join(root, 'package-lock.json');

/** The lockfile decides; Node's ABI does not matter to the prebuilt addons, the machine does. */
const wanted = () => fingerprint({ values: [process.platform, process.arch], files: [lockfile] });

/** Whether the packages of the lockfile are installed. */
export function hasModules() {
  return readStamp(stamp).lockfile === wanted();
}

/** Installs the lockfile's packages; takes over what is there already in the right versions. */
export async function installModules(onProgress) {
  if (!isInstalled()) {
    const npm = which('npm');
    if (!npm)
      throw new SetUpError('npm was not found; it comes with Node: get both from https://nodejs.org, then run "npm run setup" again');
    const onLine = (line) => onProgress(line.replace(/^npm (http|info|verb|sill)\s+/, ''), undefined);
    const { code, output } = await run(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http'], { onLine });
    if (code !== 0) throw new SetUpError(`the npm packages could not be installed: ${whyNpmFailed(output)}`);
  }
  writeStamp(stamp, { lockfile: wanted() });
}

/** npm leaves its own copy of the lockfile in node_modules when it is done; the same versions there mean that nothing is to do. */
function isInstalled() {
  const installed = readStamp(join(modules, '.package-lock.json')).packages;
  if (!installed) return false;
  const { packages } = JSON.parse(readFileSync(lockfile, 'utf8'));
  return Object.entries(packages).every(
    ([path, entry]) =>
      path === '' ||
      entry.link ||
      (installed[path] ? installed[path].version === entry.version && existsSync(join(root, path)) : entry.optional),
  );
}

/** One sentence from npm's output, with the command that gets further. */
export function whyNpmFailed(output) {
  const text = output.join('\n');
  const again = 'then run "npm run setup" again';
  if (/ENOSPC/.test(text)) return `the disk is full (node_modules needs 1 GB); free some space, ${again}`;
  if (/ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ERR_SOCKET_TIMEOUT|UNABLE_TO_GET_ISSUER|CERT_/.test(text))
    return `the npm registry did not answer; check the network ("npm ping"; a proxy goes into "npm config set proxy"), ${again}`;
  if (/EACCES|EPERM/.test(text)) return `node_modules cannot be written; give yourself the clone with "sudo chown -R $USER .", ${again}`;
  if (/can only install packages when your package.json and package-lock.json/.test(text))
    return `package.json and package-lock.json differ; run "npm install" to write the lockfile again, ${again}`;
  const errors = output.filter((line) => /^npm (error|ERR!)/.test(line) && !/complete log|A complete/.test(line));
  return `npm says "${(errors[1] ?? errors[0] ?? output.at(-1) ?? 'nothing').replace(/^npm (error|ERR!)\s*/, '').slice(0, 300)}"; try "npm ci"`;
}

const links = [
  [join(modules, 'roentgen-lab'), '..'],
  [join(modules, '.bin', 'roentgen'), join('..', '..', 'bin', 'roentgen.mjs')],
];

/** Whether the clone is linked into its own node_modules: imports by name for tools that know no self-reference, and `npx roentgen`. */
export function hasLinks() {
  return links.every(([path, target]) => {
    try {
      return readlinkSync(path) === target;
    } catch {
      return false;
    }
  });
}

/** Makes the links. */
export function makeLinks() {
  for (const [path, target] of links) {
    mkdirSync(dirname(path), { recursive: true });
    if (lstatSync(path, { throwIfNoEntry: false })) rmSync(path, { recursive: true, force: true });
    symlinkSync(target, path);
  }
}
