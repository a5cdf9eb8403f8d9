import type { Ranges } from '../state/openCities.js';

/** A text in which the parts that were looked for stand out. */
export function Marked({ text, ranges = [] }: { text: string; ranges: Ranges | undefined }) {
  const starts = ranges.map(([start]) => start);
  return (
    <>
      {text.slice(0, starts[0] ?? text.length)}
      {ranges.map(([start, end], i) => (
        <span key={start}>
          <mark>{text.slice(start, end)}</mark>
          {text.slice(end, starts[i + 1] ?? text.length)}
        </span>
      ))}
    </>
  );
}
