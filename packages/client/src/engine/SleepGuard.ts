import type { ServerMessage } from '@topgun/protocol';
import type { ClientEffects } from './ports.js';
import { PING_MS, PINGS_MAX } from './Tabs.js';

/** Everything that waited for a tab that wakes has been heard after this time. */
const AWAKE_MS = 50;

/**
 * A follower that pings takes the lock from a leader that leaves three of its pings unanswered. One that was frozen finds in its socket what the
 * server said in all that time, and may hear only after it that another tab leads, which has none of it yet: it would show it, and then not
 * any more (B2). So where pings had come and then none for so long, what the server says waits until all else has been heard.
 */
export class SleepGuard {
  readonly #fx: Pick<ClientEffects, 'arm'>;
  /** monotone ms of the last ping of a follower; undefined: none is missed */
  #pingedMs: number | undefined;
  #held: ServerMessage[] | undefined;

  constructor(fx: Pick<ClientEffects, 'arm'>) {
    this.#fx = fx;
  }

  /** A follower has pinged this leader: maybe long ago, and it is heard only now. */
  pinged(nowMs: number): void {
    this.#look(nowMs);
    this.#pingedMs = nowMs;
  }

  /** Whether a message of the server has to wait; it is kept here then. */
  holds(message: ServerMessage, nowMs: number): boolean {
    this.#look(nowMs);
    return this.#held !== undefined && this.#held.push(message) > 0;
  }

  /** Gives what has waited, in order, and holds no more of it. */
  release(): readonly ServerMessage[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    return held;
  }

  #look(nowMs: number): void {
    if (this.#pingedMs === undefined || nowMs - this.#pingedMs < PINGS_MAX * PING_MS) return;
    // Its followers may be gone: they are missed once.
    this.#pingedMs = undefined;
    if (this.#held !== undefined) return;
    this.#held = [];
    this.#fx.arm('awake', AWAKE_MS);
  }
}
