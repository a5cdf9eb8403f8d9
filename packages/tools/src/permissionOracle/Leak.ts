/** The oracle's objection: the run ends with the first one. */
export class Leak extends Error {
  override readonly name = 'Leak';
  /** the outlet through which it left */
  readonly outlet: string;

  constructor(outlet: string, what: string) {
    super(what);
    this.outlet = outlet;
  }
}
