/** Typed values as the text that a CSV would have of them. */

/** Nothing becomes an empty cell; lists and objects become JSON, dates ISO 8601, a day without its midnight. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString().replace('T00:00:00.000Z', '');
  if (typeof value === 'object') return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner));
  return String(value);
}
