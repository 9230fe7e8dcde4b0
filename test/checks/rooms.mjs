#!/usr/bin/env node
// The picture of rooms in CONTRIBUTING.md, made of the imports that are really there. Prints it; `--write` puts it into the file.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const begin = '<!-- rooms: made by node test/checks/rooms.mjs --write -->';
const end = '<!-- /rooms -->';

/** For each room of src, the rooms whose doors it imports. */
function importsByRoom() {
  const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = [cruiser, '--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (!stdout) throw new Error(`dependency-cruiser failed: ${stderr}`);
  const roomOf = (path) => /^src\/([^/]+)\//.exec(path)?.[1];
  const imports = new Map();
  for (const { source, dependencies } of JSON.parse(stdout).modules) {
    const room = roomOf(source);
    if (room === undefined) continue;
    if (!imports.has(room)) imports.set(room, new Set());
    for (const { resolved } of dependencies) {
      const other = roomOf(resolved);
      if (other !== undefined && other !== room) imports.get(room).add(other);
    }
  }
  return imports;
}

/** Whether `room` imports `other` by way of further rooms. */
function byWayOfOthers(imports, room, other) {
  const reaches = (from) => imports.get(from).has(other) || [...imports.get(from)].some(reaches);
  return [...imports.get(room)].some((between) => between !== other && reaches(between));
}

/** The Mermaid block. A room's floor is one more than that of the highest room which it imports; arrows that others imply are left out. */
function picture() {
  const imports = importsByRoom();
  const floorOf = (room) => 1 + Math.max(0, ...[...imports.get(room)].map(floorOf));
  const floors = [];
  for (const room of [...imports.keys()].sort()) {
    floors[floorOf(room) - 1] ??= [];
    floors[floorOf(room) - 1].push(room);
  }
  const arrows = floors.flat().flatMap((room) =>
    [...imports.get(room)]
      .sort()
      .filter((other) => !byWayOfOthers(imports, room, other))
      .map((other) => `  ${other} --> ${room}`),
  );
  const nodes = floors.flatMap((rooms, i) => [`  subgraph f${i + 1} ["floor ${i + 1}"]`, `    ${rooms.join('; ')}`, '  end']);
  return ['```mermaid', 'flowchart TD', ...nodes, ...arrows, '```'].join('\n');
}

const block = `${begin}\n\n${picture()}\n\n${end}`;
if (process.argv.includes('--write')) {
  const path = join(root, 'CONTRIBUTING.md');
  const text = readFileSync(path, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path}: lacks the marks "${begin}" and "${end}"`);
  writeFileSync(path, `${text.slice(0, from)}${block}${text.slice(to + end.length)}`);
} else console.log(block);
