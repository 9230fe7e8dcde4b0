// What stops set-up, or keeps a part of it from working: one sentence that names what is missing and the command that gets it.

export class SetUpError extends Error {
  name = 'SetUpError';
}

/** The stage was stopped by Ctrl-C or a termination signal. */
export class SetUpInterrupted extends Error {
  name = 'SetUpInterrupted';
}
