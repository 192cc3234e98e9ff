/**
 * Quantities as a person reads them.
 *
 * @module
 */

const UNITS = ["B", "kB", "MB", "GB"] as const;
const STEP = 1000;

/** 1234 as "1.23 kB": three digits at least, decimal units. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${UNITS[unit]}`;
}

/** 0.95125 as "95.13%", or with one decimal as "95.1%". */
export function formatShare(share: number, decimals = 2): string {
  return `${(100 * share).toFixed(decimals)}%`;
}
