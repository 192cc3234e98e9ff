/**
 * Quantities as a person reads them.
 *
 * @module
 */

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;
const STEP = 1024;

/** "512 B", "4.9 KiB", "482 KiB", "2.10 MiB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit++;
  }
  const decimals = unit === 0 ? 0 : unit > 1 ? 2 : value < 10 ? 1 : 0;
  return `${value.toFixed(decimals)} ${UNITS[unit]}`;
}

/** 0.95125 as "95.13%", or with one decimal as "95.1%". */
export function formatShare(share: number, decimals = 2): string {
  return `${(100 * share).toFixed(decimals)}%`;
}
