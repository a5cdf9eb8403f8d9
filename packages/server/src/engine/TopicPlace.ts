import type { Position, SubscribeOptions } from '../topics/ports.js';

/** How far one connection has come in one topic. */
export class TopicPlace {
  /** of the last message that it was sent; '' before it is known */
  epoch = '';
  offset = 0;
  /** refused: no right, or not yet asked for; reading: what it missed is being told; live */
  phase: 'refused' | 'reading' | 'live' = 'refused';
  /** Messages were left out: they come out of the log when the network takes some again. */
  hasGap = false;
  /** nothing is missing since it was told so last */
  isRecovered = true;
  /** its subscription was answered */
  isAnswered = false;
  /** in the room */
  state: unknown;
  readonly #since: Position | undefined;
  readonly #last: number | undefined;

  constructor(since: Position | undefined, last: number | undefined, state: unknown) {
    this.#since = since;
    this.#last = last;
    this.state = state;
  }

  get isHeard(): boolean {
    return this.phase !== 'refused';
  }

  /** Whether a message is left out, because the connection is behind or has missed others before it. */
  misses(epoch: string, isBehind: boolean): boolean {
    if (epoch === '') return isBehind;
    this.hasGap ||= isBehind;
    return this.hasGap;
  }

  /** A message was sent, or passed over. */
  reached({ epoch, offset }: Position): void {
    if (epoch === '' || (epoch === this.epoch && offset <= this.offset)) return;
    this.epoch = epoch;
    this.offset = offset;
  }

  /** Begins to read where it is; what to ask for. */
  read(): SubscribeOptions {
    this.phase = 'reading';
    this.hasGap = false;
    const { epoch, offset, state } = this;
    const since = epoch === '' ? this.#since : { epoch, offset };
    const last = since === undefined ? this.#last : undefined;
    return {
      ...(since !== undefined && { since }),
      ...(last !== undefined && { history: last }),
      ...(state !== undefined && { state }),
    };
  }

  /** The same place, for another subscription. */
  again(): TopicPlace {
    const place = new TopicPlace(this.#since, this.#last, this.state);
    place.reached(this);
    return place;
  }
}
