/** The value that this share of all values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** What was measured, one line each, with the bound it is held against where there is one. */
export class Figures {
  readonly over: string[] = [];

  say(what: string, ms: number, boundMs?: number): void {
    const isOver = boundMs !== undefined && !(ms <= boundMs);
    const bound = boundMs === undefined ? '' : `  (${isOver ? 'OVER' : 'within'} ${boundMs})`;
    const line = `${what.padEnd(58)} ${ms.toFixed(ms < 100 ? 1 : 0).padStart(8)} ms${bound}`;
    if (isOver) this.over.push(line);
    process.stdout.write(`${line}\n`);
  }
}
