import type { View } from '../security/policy/View.js';
import { type Hearing, seenThrough } from './Hearing.js';
import type { Subscriber, TopicMessage } from './ports.js';
import { SharedTopicMessage } from './SharedTopicMessage.js';

/** Those who see messages the same way. */
interface Audience {
  readonly view: View;
  readonly members: Set<Hearing>;
}

/** Everybody of this node who hears one topic. A message is projected, and later encoded, once for all with the same view. */
export class Channel {
  readonly #hearings = new Map<Subscriber, Hearing>();
  readonly #audiences = new Map<string, Audience>();
  /** those whose history is being read */
  readonly #waiting = new Set<Hearing>();

  get size(): number {
    return this.#hearings.size;
  }

  hearings(): readonly Hearing[] {
    return [...this.#hearings.values()];
  }

  of(subscriber: Subscriber): Hearing | undefined {
    return this.#hearings.get(subscriber);
  }

  /** Takes the place of an earlier hearing of the same subscriber. */
  add(hearing: Hearing): void {
    this.remove(hearing.subscriber);
    this.#hearings.set(hearing.subscriber, hearing);
    this.place(hearing);
  }

  remove(subscriber: Subscriber): void {
    const hearing = this.#hearings.get(subscriber);
    if (hearing === undefined) return;
    this.#hearings.delete(subscriber);
    this.#displace(hearing);
    hearing.end();
  }

  /** Its view is another one, or it has come to hear live. */
  place(hearing: Hearing): void {
    this.#displace(hearing);
    if (!hearing.isLive) {
      this.#waiting.add(hearing);
      return;
    }
    const { view } = hearing;
    let audience = this.#audiences.get(view.signature);
    if (audience === undefined) {
      audience = { view, members: new Set() };
      this.#audiences.set(view.signature, audience);
    }
    audience.members.add(hearing);
    hearing.audience = view.signature;
  }

  /** A live message; `by` who published it, if it hears here. Gives the number of deliveries. */
  speak(message: TopicMessage, by: Subscriber | undefined): number {
    let delivered = 0;
    for (const hearing of this.#waiting) hearing.hold(message, by);
    for (const { view, members } of this.#audiences.values()) {
      const seen = seenThrough(view, message);
      if (seen === undefined) continue;
      const shared = new SharedTopicMessage(seen);
      for (const hearing of members) {
        if (hearing.skips(by) || hearing.knows(message)) continue;
        hearing.subscriber.deliver(shared);
        delivered++;
      }
    }
    return delivered;
  }

  #displace(hearing: Hearing): void {
    this.#waiting.delete(hearing);
    const { audience = '' } = hearing;
    hearing.audience = undefined;
    const members = this.#audiences.get(audience)?.members;
    if (members?.delete(hearing) === true && members.size === 0) this.#audiences.delete(audience);
  }
}
