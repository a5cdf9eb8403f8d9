const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size as people read it: `12.4 MiB`. */
export function formatBytes(bytes: number): string {
  let at = 0;
  let left = bytes;
  for (; left >= 1024 && at < UNITS.length - 1; at++) left /= 1024;
  return `${at === 0 ? left : left.toFixed(1)} ${UNITS[at]}`;
}
