import type { ServerMessage } from '@topgun/protocol';
import { encode } from '@topgun/protocol';
import type { Around, Probe } from '../Family.js';
import { goodClaims, jwtOf } from '../identity.js';
import { frameOf } from './frameOf.js';
import { WireLink } from './WireLink.js';

/** What came back for one input. */
export interface Reply {
  readonly messages: readonly ServerMessage[];
  readonly closeCode?: number | undefined;
  readonly isClosed: boolean;
  /** it did not come in time, or could not be read */
  readonly fault?: string | undefined;
}

/** Refused messages that one connection may have behind it before it is left for a new one: below those that close it. */
const STRIKES_MAX = 12;
/** Inputs on one connection: what they leave open there must not add up to a limit. */
const INPUTS_MAX = 60;

export interface CallerOptions {
  readonly port: number;
  readonly sub: string;
  readonly clientId: string;
  readonly session: string;
  readonly localAddress?: string | undefined;
}

/** One client as the server knows it, over as many connections as it takes. */
export class Caller {
  readonly #around: { -readonly [K in keyof Around]: Around[K] };
  readonly #options: CallerOptions;
  #link: WireLink | undefined;
  #strikes = 0;
  #inputs = 0;
  #pings = 2 ** 40;
  #seq = 0;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#around = {
      nowMs: 0,
      settledBelow: 0,
      clientId: options.clientId,
      session: options.session,
      incarnation: 'unknown',
      host: `127.0.0.1:${options.port}`,
      nextSeq: () => ++this.#seq,
    };
  }

  /** What the next input is made in; the client is connected. Everything it has written has been answered. */
  async ready(): Promise<Around> {
    await this.#connected(false);
    this.#around.nowMs = Date.now();
    this.#around.settledBelow = this.#seq + 1;
    return this.#around;
  }

  /** Sends an input of an authenticated client and waits for its answer. */
  async ask(probe: Extract<Probe, { kind: 'client' }>): Promise<Reply> {
    const link = await this.#connected(probe.fresh === true);
    this.#inputs++;
    link.socket.write(probe.bytes);
    if (probe.ends === true) link.socket.end();
    const reply = await this.#reply(link, probe);
    const strikes = reply.messages.filter(
      (message) => message.type === 'ERROR' && ['BAD_MESSAGE', 'UNKNOWN_TYPE'].includes(message.code),
    ).length;
    this.#strikes += strikes;
    if (reply.isClosed || reply.fault !== undefined) this.leave();
    return reply;
  }

  /** Sends an input of a stranger, on a connection of its own. */
  async askAsStranger({ bytes, settles, ends }: Extract<Probe, { kind: 'stranger' }>): Promise<Reply> {
    const link = await this.#open();
    link.socket.write(bytes);
    if (ends === true) link.socket.end();
    const isThere = await link.until(
      (messages) =>
        settles === 'auth' && messages.some(({ type }) => type === 'AUTH_ACK' || type === 'ERROR'),
    );
    const reply = replyOf(link, isThere);
    link.close();
    link.socket.destroy();
    return reply;
  }

  leave(): void {
    this.#link?.close();
    this.#link?.socket.destroy();
    this.#link = undefined;
  }

  async #reply(link: WireLink, { settles }: Extract<Probe, { kind: 'client' }>): Promise<Reply> {
    if (settles === 'close') return replyOf(link, await link.until(() => false));
    const id = this.#pings++;
    if (settles !== 'auth') link.socket.write(frameOf(encode({ type: 'PING', id })));
    const isThere = await link.until((messages) =>
      settles === 'auth'
        ? messages.some(({ type }) => type === 'AUTH_ACK' || type === 'ERROR')
        : messages.some((message) => message.type === 'PONG' && message.id === id) &&
          finalAnswers(messages) >= settles.ops,
    );
    return replyOf(link, isThere);
  }

  async #connected(isFresh: boolean): Promise<WireLink> {
    const isWorn = this.#strikes >= STRIKES_MAX || this.#inputs >= INPUTS_MAX;
    if ((isFresh && this.#inputs > 0) || isWorn || this.#link?.isOver === true) this.leave();
    this.#link ??= await this.#greet();
    this.#link.drain();
    return this.#link;
  }

  async #greet(): Promise<WireLink> {
    const link = await this.#open();
    this.#strikes = 0;
    this.#inputs = 0;
    const { clientId, session, sub } = this.#options;
    const token = jwtOf({ alg: 'HS256' }, goodClaims(sub, Date.now()));
    link.socket.write(
      frameOf(encode({ type: 'AUTH', versions: [1, 99], clientId, sessions: [session], token })),
    );
    await link.until((messages) => messages.length > 0);
    const ack = link.find('AUTH_ACK');
    if (ack === undefined)
      throw new Error(
        `A good client was not let in: ${JSON.stringify(link.messages)} close ${link.closeCode}`,
      );
    this.#around.incarnation = ack.incarnation;
    return link;
  }

  #open(): Promise<WireLink> {
    return WireLink.open(this.#options.port, this.#options.localAddress);
  }
}

function replyOf(link: WireLink, isThere: boolean): Reply {
  const isClosed = link.isOver;
  return {
    messages: link.drain(),
    closeCode: link.closeCode,
    isClosed,
    fault: isThere ? link.fault : 'no answer in time',
  };
}

/** Answers to ops that are the last word about them. */
function finalAnswers(messages: readonly ServerMessage[]): number {
  return messages.filter(
    (message) =>
      message.type === 'OP_ACK' &&
      (message.level === 4 || message.spans.some(([, , outcome]) => outcome === 3)),
  ).length;
}
