/** Figures of a column of a table: whole numbers as they are, others with the same number of decimals, four digits of the largest. */
export function columnFormat(values: readonly unknown[]): (value: unknown) => string {
  const numbers = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
  const largest = Math.max(0, ...numbers.map(Math.abs));
  const rounded = numbers.every(Number.isInteger);
  // 0.9134, 12.34, 212.4; very large and very small columns are written with a power of ten.
  const digits = largest < 1 ? 4 : 3 - Math.floor(Math.log10(largest));
  const powers = largest !== 0 && (largest < 1e-3 || largest >= 1e9);
  return (value) => {
    if (typeof value === 'number' && Number.isFinite(value)) {
      if (rounded && !powers) return String(value);
      return powers ? value.toExponential(3) : value.toFixed(Math.min(6, Math.max(0, digits)));
    }
    return plainCell(value);
  };
}

/** A cell that is no finite number. */
function plainCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A time span a person reads at a glance: 0.4 s, 32 s, 4 min 05 s, 2 h 07 min. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) return `${minutes} min ${String(rounded % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** How fast something goes: 12.3/s, and 4.2 s each where one takes longer than a second. */
export function rate(perSecond: number): string {
  if (!(perSecond > 0) || !Number.isFinite(perSecond)) return '';
  if (perSecond < 1) return `${duration(1 / perSecond)} each`;
  return `${perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1)}/s`;
}
