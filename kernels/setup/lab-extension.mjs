// The extension of JupyterLab, in the form in which a prebuilt one is installed: a folder that JupyterLab's server finds in share/jupyter.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { labExtensionFolder, root } from './paths.mjs';
import { filesBelow, writeWhole } from './stamp.mjs';

const sources = join(root, 'kernels', 'lab', 'extension');
const scripts = join(root, 'build', 'kernels', 'lab', 'extension');

const manifest = () => ({
  name: 'roentgen-lab',
  version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
  description: 'File > Save Report, and what makes controls easier to use.',
  jupyterlab: { extension: true, schemaDir: 'schemas', _build: { load: 'static/remote-entry.js', extension: './plugins' } },
});

/** What belongs into the folder: texts by path. JupyterLab looks for a plugin's menus and buttons in schemas/PACKAGE/PLUGIN.json. */
function wanted() {
  const text = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const files = { 'package.json': `${JSON.stringify(manifest(), null, 2)}\n` };
  files[join('schemas', 'roentgen-lab', 'package.json.orig')] = files['package.json'];
  files[join('schemas', 'roentgen-lab', 'report.json')] = text(join(sources, 'report.json'));
  files[join('static', 'style.css')] = text(join(sources, 'style.css'));
  for (const script of filesBelow(scripts, (name) => name.endsWith('.js'))) files[join('static', basename(script))] = text(script);
  return files;
}

const present = (folder) => filesBelow(folder, () => true).map((path) => path.slice(folder.length + 1));

/** Whether exactly this is installed. */
export function hasLabExtension(folder = labExtensionFolder) {
  const files = wanted();
  return (
    present(folder).length === Object.keys(files).length &&
    Object.entries(files).every(([path, text]) => existsSync(join(folder, path)) && readFileSync(join(folder, path), 'utf8') === text)
  );
}

/** Installs it, and removes what an older one left. */
export function writeLabExtension(folder = labExtensionFolder) {
  const files = wanted();
  for (const [path, text] of Object.entries(files)) writeWhole(join(folder, path), text);
  for (const path of present(folder)) if (files[path] === undefined) rmSync(join(folder, path));
}
