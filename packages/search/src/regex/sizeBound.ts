/**
 * About how many instructions an expression compiles to: one per character or class and two per group, as often as the counted
 * repetitions around it say. Never less than a third of them. Takes no time to speak of, while compiling `(?:aa…a){1000}`
 * takes a fifth of a second; what is no expression gets some number, for compiling it fails anyway.
 */
export function sizeBound(pattern: string): number {
  // Sizes of the open groups; `last` is that of what a repetition would repeat.
  const open = [0];
  let last = 0;
  const add = (size: number): void => {
    last = size;
    open[open.length - 1] = (open.at(-1) ?? 0) + size;
  };
  let at = 0;
  while (at < pattern.length) {
    const char = pattern[at];
    const part = partAt(pattern, at);
    at += part.length;
    if (char === '(') open.push(0);
    else if (char === ')') add((open.length > 1 ? (open.pop() ?? 0) : 0) + 2);
    else if (part.times !== undefined) {
      const whole = last * Math.max(1, part.times);
      add(whole - last);
      last = whole;
    } else add(part.size);
  }
  return open.reduce((sum, size) => sum + size, 0);
}

interface Part {
  /** code units of the pattern */
  readonly length: number;
  readonly size: number;
  /** of a counted repetition: how often at most */
  readonly times?: number;
}

const QUOTED = /\\Q([\s\S]*?)(?:\\E|$)/y;
const ESCAPE = /\\(?:[pPx]\{[^}]*\}|[\s\S])/y;
const CLASS = /\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]/y;
const COUNTED = /\{(\d+)(,(\d*))?\}/y;

function partAt(pattern: string, at: number): Part {
  const quoted = found(QUOTED, pattern, at);
  if (quoted !== undefined) return { length: quoted[0].length, size: quoted[1]?.length ?? 0 };
  const counted = found(COUNTED, pattern, at);
  if (counted !== undefined) {
    const [{ length }, least = '', , most = ''] = counted;
    return { length, size: 0, times: Math.max(Number(least), Number(most)) };
  }
  const atom = found(ESCAPE, pattern, at) ?? found(CLASS, pattern, at);
  return { length: atom?.[0].length ?? 1, size: 1 };
}

function found(form: RegExp, pattern: string, at: number): RegExpExecArray | undefined {
  form.lastIndex = at;
  return form.exec(pattern) ?? undefined;
}
