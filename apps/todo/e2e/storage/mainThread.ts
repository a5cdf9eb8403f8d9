import type { Page } from 'playwright-core';

/** How long the main thread of a page was held, task by task. */
export interface Slices {
  readonly tasks: number;
  /** ms that the thread ran in the longest task: what the machine does beside is not in it */
  readonly longestMs: number;
  /** ms that passed in the longest task */
  readonly longestWallMs: number;
}

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** µs that passed, and that the thread ran */
  readonly dur?: number;
  readonly tdur?: number;
}

/** Tells the thread of the page from others. */
const MARK = 'topgun-slices';
const TASK = 'ThreadControllerImpl::RunTask';

/** Does `work` and tells of every task that the main thread of the page ran meanwhile. */
export async function slicesDuring<T>(page: Page, work: () => Promise<T>): Promise<readonly [T, Slices]> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('the page has no browser of its own');
  await browser.startTracing(undefined, { categories: ['toplevel', 'blink.user_timing'] });
  await page.evaluate((mark) => void performance.mark(mark), MARK);
  const result = await work();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as {
    readonly traceEvents: readonly TraceEvent[];
  };
  const main = trace.traceEvents.find(({ name }) => name === MARK);
  const tasks = trace.traceEvents.filter(
    ({ ph, name, pid, tid, tdur }) =>
      // One that ran when the trace began or ended has no time of its own.
      ph === 'X' && name === TASK && pid === main?.pid && tid === main.tid && tdur !== undefined,
  );
  if (tasks.length === 0) throw new Error('the trace does not tell how long tasks ran');
  const longest = (of: (task: TraceEvent) => number | undefined): number =>
    tasks.reduce((most, task) => Math.max(most, of(task) ?? 0), 0) / 1000;
  return [
    result,
    {
      tasks: tasks.length,
      longestMs: longest(({ tdur }) => tdur),
      longestWallMs: longest(({ dur }) => dur),
    },
  ];
}
