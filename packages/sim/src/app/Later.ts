/** Somebody in whose name things happen later: a tab, unless it is gone by then. */
export interface Later {
  soon(work: () => void): void;
}
