const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export const count = (value: number): string => whole.format(value);

/** Three digits that matter. */
export const rough = (value: number): string =>
  value >= 1000 ? whole.format(Math.round(value)) : short.format(value);

/** `3 d 4 h`, `12 min`, `8 s`. */
export function duration(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  return h < 48 ? `${h} h ${min % 60} min` : `${Math.floor(h / 24)} d ${h % 24} h`;
}

/** The time of day of a moment in ms. */
export const timeOf = (ms: number): string => new Date(ms).toLocaleTimeString('en', { hour12: false });

/** Bytes as people write them. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  let left = value;
  while (left >= 1024 && at < units.length - 1) {
    left /= 1024;
    at++;
  }
  return `${short.format(left)} ${units[at]}`;
}
