import {
  commonVersion,
  isProven,
  type LinkEnd,
  type LinkRefusal,
  type LinkRole,
  packAnswer,
  packChallenge,
  packWelcome,
  prove,
  readAnswer,
  readChallenge,
  readWelcome,
} from './handshake.js';

export interface GreetingParts {
  readonly role: LinkRole;
  readonly secret: string;
  /** this node, with a nonce of its own for each greeting */
  readonly self: LinkEnd;
  /** name of the node that was dialled; a listener does not know who comes */
  readonly target?: string;
}

/** What a frame of the other side leads to. */
export type Greeted =
  | { readonly name: 'more'; readonly reply: Uint8Array }
  /** both know each other once `reply` is sent, if there is one */
  | { readonly name: 'known'; readonly other: LinkEnd; readonly reply?: Uint8Array }
  | { readonly name: 'refused'; readonly why: LinkRefusal };

const refused = (why: LinkRefusal): Greeted => ({ name: 'refused', why });

/** One side of the handshake of a link, as a machine: frames in, frames out. After `known` or `refused` it is over. */
export class Greeting {
  readonly #parts: GreetingParts;
  /** the listener, once its dialler has heard of it */
  #listener: LinkEnd | undefined;

  constructor(parts: GreetingParts) {
    this.#parts = parts;
  }

  /** What is sent before anything comes. */
  first(): Uint8Array | undefined {
    return this.#parts.role === 'listener' ? packChallenge(this.#parts.self) : undefined;
  }

  take(frame: Uint8Array): Greeted {
    if (this.#parts.role === 'listener') return this.#takeAnswer(frame);
    return this.#listener === undefined
      ? this.#takeChallenge(frame)
      : this.#takeWelcome(frame, this.#listener);
  }

  #takeChallenge(frame: Uint8Array): Greeted {
    const { self, secret, target } = this.#parts;
    const listener = readChallenge(frame);
    if (listener === undefined) return refused('malformed');
    if (commonVersion(self, listener) === undefined) return refused('version');
    // Nothing is proved to somebody else than was dialled.
    if (listener.name !== target) return refused('name');
    this.#listener = listener;
    return { name: 'more', reply: packAnswer(self, prove(secret, 'dialler', listener, self)) };
  }

  #takeAnswer(frame: Uint8Array): Greeted {
    const { self, secret } = this.#parts;
    const answer = readAnswer(frame);
    if (answer === undefined) return refused('malformed');
    const { end: dialler, proof } = answer;
    if (!isProven(proof, secret, 'dialler', self, dialler)) return refused('secret');
    if (commonVersion(self, dialler) === undefined) return refused('version');
    if (dialler.name === self.name) return refused('name');
    return { name: 'known', other: dialler, reply: packWelcome(prove(secret, 'listener', self, dialler)) };
  }

  #takeWelcome(frame: Uint8Array, listener: LinkEnd): Greeted {
    const { self, secret } = this.#parts;
    const proof = readWelcome(frame);
    if (proof === undefined) return refused('malformed');
    if (!isProven(proof, secret, 'listener', listener, self)) return refused('secret');
    return { name: 'known', other: listener };
  }
}
