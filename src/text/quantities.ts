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

/** 0.00000123 as "1.2e-6", and nothing as "0". */
export function formatDifference(difference: number, decimals = 1): string {
  return difference === 0 ? "0" : difference.toExponential(decimals);
}

/** "1 image", "2,000 images". */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? singular : plural}`;
}

/** "41 s", "3 min 5 s", "9 h 11 min". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  if (minutes === 0) return `${whole} s`;
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
