/** The inside of a tunnel: a program that runs in a network namespace of its own, with the one that computes there. `outside.ts` starts it. */

import { fork } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { comingIn, goingOut, type Inside, insidePort, READY, type ToInside } from './places';
import { drained, join } from './streams';

const { folder, rank, program } = JSON.parse(process.argv[2]!) as Inside;

// What comes in goes to the process's server, and is turned away until there is one.
createServer((socket) => {
  socket.on('error', () => socket.destroy());
  const server = connect({ host: '127.0.0.1', port: insidePort(rank) });
  server
    .once('error', () => socket.destroy())
    .once('connect', () => {
      socket.write(READY);
      join(socket, server);
    });
}).listen(comingIn(folder), compute);

/** Another process can be reached: what connects to its port goes there. */
function open(other: number): void {
  createServer((socket) => join(socket, connect(goingOut(folder, other)))).listen(insidePort(other), '127.0.0.1');
}

function compute(): void {
  const child = fork(program[0], program.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {}); // the other's, which hears of them too
  process.on('message', (message: ToInside) => {
    if (message === 'stop') child.send(message);
    else open(message.reached);
  });
  process.on('disconnect', () => {
    child.kill('SIGKILL'); // the outside is gone
    process.exit(1);
  });
  child.once('exit', (code, signal) => {
    if (signal) process.stderr.write(`roentgen: the process was ended by ${signal}\n`);
    void drained().then(() => process.exit(code ?? 1));
  });
  process.send!('started');
}
