/** Where two texts part, with a little of what is around. */
export function difference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const from = Math.max(0, at - 60);
  return `…${a.slice(from, at + 80)}… | …${b.slice(from, at + 80)}…`;
}
