import type { CDPSession, Page } from 'playwright-core';

/** Stops a tab in the middle of whatever it does: its locks, its socket and its process stay. */
export class TabFreezer {
  readonly #debugger: CDPSession;
  #frame: string | undefined;

  private constructor(session: CDPSession) {
    this.#debugger = session;
  }

  static async of(page: Page): Promise<TabFreezer> {
    const session = await page.context().newCDPSession(page);
    await session.send('Debugger.enable');
    return new TabFreezer(session);
  }

  get isFrozen(): boolean {
    return this.#frame !== undefined;
  }

  async freeze(): Promise<void> {
    const paused = new Promise<string>((resolve) =>
      this.#debugger.once('Debugger.paused', ({ callFrames }) => resolve(callFrames[0]?.callFrameId ?? '')),
    );
    await this.#debugger.send('Debugger.pause');
    // A pause takes hold at the next statement, which a tab at rest has none of.
    this.#debugger.send('Runtime.evaluate', { expression: '0' }).catch(() => undefined);
    this.#frame = await paused;
  }

  /** What the tab does before anything that has come for it meanwhile reaches it. */
  async run(expression: string): Promise<void> {
    const callFrameId = this.#frame ?? '';
    const { exceptionDetails } = await this.#debugger.send('Debugger.evaluateOnCallFrame', {
      callFrameId,
      expression,
    });
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? 'it threw');
  }

  async thaw(): Promise<void> {
    this.#frame = undefined;
    await this.#debugger.send('Debugger.resume');
  }

  /** The process of the tab is gone before it can answer. */
  crash(): void {
    this.#debugger.send('Page.crash').catch(() => undefined);
  }
}
