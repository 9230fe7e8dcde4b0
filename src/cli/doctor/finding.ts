/** What `roentgen doctor` says of one thing. */
export interface Finding {
  readonly name: string;
  /** `missing` is needed for the quickstart, or for a course where one was asked for; a `note` is worth knowing. */
  readonly status: 'ok' | 'note' | 'missing';
  readonly found: string;
  readonly advice?: string;
}
