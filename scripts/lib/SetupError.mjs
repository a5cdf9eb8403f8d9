/** A missing piece on this machine, with what to do about it. Shown without a stack trace. */
export class SetupError extends Error {
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}
