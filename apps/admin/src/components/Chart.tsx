import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const HEIGHT = 150;
const COLORS = ['--accent', '--low', '--medium', '--high'];

const color = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Lines over the last minutes. `data`: seconds since the epoch, then one list of values per name. */
export function Chart({
  title,
  names,
  data,
  format,
}: {
  readonly title: string;
  readonly names: readonly string[];
  readonly data: readonly (readonly (number | null)[])[];
  readonly format: (value: number) => string;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const axis = { stroke: color('--ink-3'), grid: { stroke: color('--line') }, ticks: { show: false } };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: names.length > 1, live: false },
        cursor: { show: false },
        scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [axis, { ...axis, size: 70, values: (_, ticks) => ticks.map((tick) => format(tick)) }],
        series: [
          {},
          ...names.map((label, i) => ({
            label,
            stroke: color(COLORS[i % COLORS.length] ?? '--accent'),
            width: 2,
            points: { show: false },
          })),
        ],
      },
      [[], ...names.map(() => [])],
      element,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [names, format]);

  useEffect(() => {
    plot.current?.setData(data.map((values) => [...values]) as uPlot.AlignedData);
  }, [data]);

  return (
    <figure className="chart card">
      <figcaption>{title}</figcaption>
      <div ref={frame} role="img" aria-label={title} />
    </figure>
  );
}
