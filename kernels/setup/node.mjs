// The Node version that all of this needs. Written so that old versions can still read it and say so.

const needed = [20, 19];

/** Whether a version such as `v20.19.0` is new enough. */
export function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

/** Ends the process with one sentence where Node is too old. */
export function requireNode() {
  if (isNewEnough(process.version)) return;
  process.stderr.write(
    `roentgen needs Node ${needed.join('.')} or newer, this is ${process.version}; get it from https://nodejs.org or with "nvm install 22"\n`,
  );
  process.exit(1);
}
