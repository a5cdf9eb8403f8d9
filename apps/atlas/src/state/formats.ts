const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const formatNumber = (value: number): string => whole.format(value);

/** `1.2B`, `36M`, `840K`: for totals, where the order of magnitude is what counts. */
export const formatShort = (value: number): string => short.format(value);

/** Degrees with their direction: `31.22° N`. */
export function formatDegrees(value: number, [positive, negative]: readonly [string, string]): string {
  return `${Math.abs(value).toFixed(2)}° ${value < 0 ? negative : positive}`;
}
