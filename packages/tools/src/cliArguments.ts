/** What follows `--name` in the arguments of a command; undefined where it is not given. */
export function textOf(argv: readonly string[], name: string): string | undefined {
  const at = argv.indexOf(`--${name}`);
  return at < 0 ? undefined : (argv[at + 1] ?? '');
}

/** The whole number that follows `--name`. */
export function numberOf(argv: readonly string[], name: string): number | undefined {
  const found = textOf(argv, name);
  if (found === undefined) return undefined;
  if (!/^\d{1,15}$/.test(found)) throw new RangeError(`--${name} takes a whole number, found ${found}`);
  return Number(found);
}
