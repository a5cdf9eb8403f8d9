/** A mistake one could make, put into the running code: mostly one method of the shipped code replaced by a version that has it. */
export interface PlantedBug {
  readonly name: string;
  /** Profile in which it must be found; the standard one when left out. */
  readonly profile?: string;
  /** Puts it in; returns how to take it out again. */
  plant(): () => void;
}

/** Several replacements as one. */
export const all =
  (...undo: readonly (() => void)[]): (() => void) =>
  () => {
    for (const take of undo) take();
  };
