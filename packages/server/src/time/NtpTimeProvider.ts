import { LIMITS } from '@topgun/protocol';
import type { WallClock } from '../EngineHost.js';
import { encodeRequest, type NtpReply, readReply } from './ntpPacket.js';
import { SteadyOffset } from './SteadyOffset.js';

/** Where a server gets its time from. */
export interface TimeProvider extends WallClock {
  /** Resolves when the time is good, or as good as it will be soon. Nobody is served before. */
  start(): Promise<void>;
  stop(): void;
  status(): TimeStatus;
}

/** What is known of the time, for logs and status. */
export interface TimeStatus {
  /** `local`: no time server has answered yet; `held`: none has answered lately, and the last offset is used */
  readonly source: 'local' | 'ntp' | 'held';
  /** the server that answered last */
  readonly server?: string;
  /** what is added to the local clock at present, ms */
  readonly offsetMs: number;
  /** round trip of the measurement in use, ms: the offset is off by half of it at most */
  readonly delayMs?: number;
  /** why the last attempt failed */
  readonly problem?: string;
}

/** One request on its way. */
export interface NtpLink {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** What the provider needs of the world. */
export interface NtpPorts {
  readonly clock: { wallMs(): number; monoMs(): number };
  /** Runs something once after `ms`; returns how to call it off. */
  after(ms: number, run: () => void): () => void;
  /** Opens a way to a server (`host` or `host:port`) that no other request shares. */
  open(server: string, onBytes: (bytes: Uint8Array) => void, onFault: (reason: string) => void): NtpLink;
  /** Eight bytes that nobody can guess. */
  nonce(): Uint8Array;
  tell(level: 'debug' | 'info' | 'warn', message: string, about: Readonly<Record<string, unknown>>): void;
}

interface Sample {
  readonly offsetMs: number;
  readonly delayMs: number;
}

/**
 * Time by SNTP (RFC 4330): the local clock plus an offset that is measured now and then.
 *
 * A round asks one server several times and uses the answer with the shortest round trip, for half of that is the most
 * by which it can be wrong. The servers are used in their order: the next one when one is silent or not fit. Whoever says
 * DENY or RSTR is never asked again; RATE doubles the pause. While nobody answers, the last offset stays in use.
 *
 * An offset of more than a day is no correction but a mistake of somebody, and is not used. See `SteadyOffset` for how
 * an offset comes into force.
 */
export class NtpTimeProvider implements TimeProvider {
  readonly #ports: NtpPorts;
  readonly #offset = new SteadyOffset();
  #servers: readonly string[];
  #at = 0;
  #samples: Sample[] = [];
  #asked = 0;
  #pauseMs: number = LIMITS.ntpPollMs;
  #failures = 0;
  #used: (Sample & { readonly server: string }) | undefined;
  #problem: string | undefined;
  #isServing = false;
  #isStopped = false;
  #started: () => void = () => undefined;
  #cancel: () => void = () => undefined;
  #end: () => void = () => undefined;

  /** `servers`: at least one. */
  constructor(servers: readonly string[], ports: NtpPorts) {
    this.#servers = servers;
    this.#ports = ports;
  }

  wallMs(): number {
    const localMs = this.#ports.clock.wallMs();
    return Math.round(localMs + this.#offset.at(localMs));
  }

  start(): Promise<void> {
    return new Promise((resolve) => {
      const late = this.#ports.after(LIMITS.ntpStartMs, () => this.#started());
      this.#started = () => {
        late();
        this.#started = () => undefined;
        this.#isServing = true;
        if (this.#used === undefined)
          this.#warn('no time server has answered: the local clock is used alone');
        resolve();
      };
      this.#round();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#end();
    this.#started();
  }

  status(): TimeStatus {
    const localMs = this.#ports.clock.wallMs();
    const isHeld = this.#failures > 0;
    return {
      source: this.#used === undefined ? 'local' : isHeld ? 'held' : 'ntp',
      offsetMs: Math.round(this.#offset.at(localMs)),
      ...(this.#used && { server: this.#used.server, delayMs: this.#used.delayMs }),
      ...(this.#problem !== undefined && { problem: this.#problem }),
    };
  }

  #round(): void {
    this.#samples = [];
    this.#asked = 0;
    this.#ask();
  }

  /** One request; it ends with an answer, a fault, or in silence. */
  #ask(): void {
    const server = this.#servers[this.#at % this.#servers.length];
    if (server === undefined || this.#isStopped) return;
    this.#asked++;
    const { clock } = this.#ports;
    const nonce = this.#ports.nonce();
    let isOver = false;
    const close = (): void => {
      isOver = true;
      late();
      link.close();
    };
    const end = (then: () => void): void => {
      if (isOver) return;
      close();
      then();
    };
    this.#end = () => end(() => undefined);
    const late = this.#ports.after(LIMITS.ntpReplyMs, () => end(() => this.#fail(server, 'no answer')));
    const link = this.#ports.open(
      server,
      (bytes) => {
        if (isOver) return;
        const backMs = clock.monoMs();
        const reply = readReply(bytes, nonce);
        if (!('fault' in reply)) end(() => this.#take(server, sampleOf(reply, sentMs, backMs - sentMonoMs)));
        else if (reply.fault === 'foreign')
          this.#ports.tell('debug', 'a packet was ignored', { server, reason: reply.reason });
        else if (reply.fault === 'kiss') end(() => this.#kissed(server, reply.reason));
        else end(() => this.#fail(server, reply.reason));
      },
      (reason) => end(() => this.#fail(server, reason)),
    );
    const sentMs = clock.wallMs();
    const sentMonoMs = clock.monoMs();
    link.send(encodeRequest(nonce));
  }

  #take(server: string, sample: Sample): void {
    if (Math.abs(sample.offsetMs) > LIMITS.ntpOffsetMs) {
      this.#fail(
        server,
        `it is ${Math.round(sample.offsetMs)} ms away from the local clock, which is not believed`,
      );
      return;
    }
    this.#samples.push(sample);
    // The very first one is used at once: nothing better is known, and the start waits for it.
    if (this.#used === undefined) this.#use(server, sample);
    this.#started();
    if (this.#asked < LIMITS.ntpSamples) this.#later(LIMITS.ntpSpacingMs, () => this.#ask());
    else this.#finish(server);
  }

  #finish(server: string): void {
    const [first, ...rest] = this.#samples;
    if (first === undefined) return;
    this.#use(
      server,
      rest.reduce((best, one) => (one.delayMs < best.delayMs ? one : best), first),
    );
    if (this.#failures > 0) this.#ports.tell('info', 'time comes from a time server again', { server });
    this.#failures = 0;
    this.#problem = undefined;
    this.#later(this.#pauseMs, () => this.#round());
    this.#pauseMs = Math.min(this.#pauseMs * 2, LIMITS.ntpPollMsMax);
  }

  #use(server: string, sample: Sample): void {
    const localMs = this.#ports.clock.wallMs();
    if (this.#used === undefined)
      this.#ports.tell('info', 'time comes from a time server', { server, ...sample });
    this.#used = { server, ...sample };
    if (this.#isServing) this.#offset.aim(sample.offsetMs, localMs);
    else this.#offset.set(sample.offsetMs);
  }

  /** The request failed. What the round has is used; without anything the next server is asked, and after the last one comes a pause. */
  #fail(server: string, reason: string): void {
    this.#problem = `${server}: ${reason}`;
    this.#ports.tell('debug', 'a time server failed', { server, reason });
    if (this.#samples.length > 0) this.#finish(server);
    else this.#next();
  }

  #kissed(server: string, code: string): void {
    this.#problem = `${server}: ${code}`;
    this.#ports.tell('warn', 'a time server does not want to be asked', { server, code });
    if (code !== 'RATE') {
      this.#servers = this.#servers.filter((other) => other !== server);
      // The one behind it has moved to its place.
      this.#at--;
      this.#asked--;
    } else this.#pauseMs = Math.min(this.#pauseMs * 2, LIMITS.ntpPollMsMax);
    this.#next();
  }

  #next(): void {
    this.#at++;
    const isTried = this.#asked >= this.#servers.length;
    if (!isTried) return this.#ask();
    this.#failures++;
    if (this.#failures === 1 && this.#isServing) this.#warn('no time server answers');
    this.#started();
    if (this.#servers.length === 0) return this.#warn('no time server is left');
    this.#later(Math.min(LIMITS.ntpRetryMs * 2 ** (this.#failures - 1), LIMITS.ntpPollMsMax), () =>
      this.#round(),
    );
  }

  #later(ms: number, run: () => void): void {
    if (!this.#isStopped) this.#cancel = this.#ports.after(ms, run);
  }

  #warn(message: string): void {
    const { source, offsetMs, problem } = this.status();
    this.#ports.tell('warn', message, { source, offsetMs, problem });
  }
}

/** RFC 4330, section 5. When the reply came back is counted by the monotonic clock, which nobody sets meanwhile. */
function sampleOf({ receivedMs, sentMs }: NtpReply, askedMs: number, tookMs: number): Sample {
  const backMs = askedMs + tookMs;
  return {
    offsetMs: (receivedMs - askedMs + (sentMs - backMs)) / 2,
    delayMs: Math.max(0, tookMs - (sentMs - receivedMs)),
  };
}
