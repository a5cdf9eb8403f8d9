import { bugs } from './bugs/index.js';
import { type Finding, find } from './find.js';

/** A planted bug to find, by its place in the list. */
export interface Hunt {
  readonly bug: number;
}

export interface HuntDone extends Hunt {
  readonly finding?: Finding | undefined;
}

// A process of `sim:teeth`: takes bugs until its parent lets go of it.
process.on('message', async ({ bug }: Hunt) => {
  const planted = bugs[bug];
  process.send?.({ bug, finding: planted && (await find(planted)) } satisfies HuntDone);
});
process.on('disconnect', () => process.exit());
