import type { Policy } from '@topgun/server/engine';
import type { FrameJudge } from '@topgun/sim/internal/oracle/FrameJudge';
import type { KnownData } from '@topgun/sim/internal/oracle/KnownData';
import type { DoorOutlet } from '@topgun/sim/internal/oracle/outlets';
import type { Viewer } from '@topgun/sim/internal/oracle/Viewer';
import { Leak } from '../Leak.js';
import { count, countPermitted, type Tally } from '../Tally.js';

/** What is said so that everybody knows that all before it has arrived. */
const MARK = /mark(":| )/;

/** What all at the doors share: the server they talk to, and the oracle that hears with them. */
export class Around {
  readonly port: number;
  readonly data: KnownData;
  readonly judge: FrameJudge;
  readonly tally: Tally;
  policies: readonly Policy[];
  /** of outlets of the binary socket, as `Somebody` notes them */
  readonly leaks: string[] = [];
  /** the first objection */
  leak: Leak | undefined;

  constructor(port: number, data: KnownData, judge: FrameJudge, tally: Tally, policies: readonly Policy[]) {
    this.port = port;
    this.data = data;
    this.judge = judge;
    this.tally = tally;
    this.policies = policies;
  }

  /** Bytes have left through an outlet, for somebody; `shown`: what they tell as messages of which topics. */
  left(
    outlet: DoorOutlet,
    viewer: Viewer,
    bytes: Uint8Array,
    shown: readonly { readonly topics: readonly string[]; readonly data: unknown }[] = [],
  ): void {
    // What everybody may hear all the time is judged, and proves nothing.
    const { permitted, leaks } = this.judge.bytes(viewer, bytes, outlet);
    for (const { topics, data } of shown) leaks.push(...this.judge.shown(viewer, topics, data, outlet));
    const sub = viewer.reader?.principal.sub ?? 'nobody';
    if (leaks.length > 0) this.leak ??= new Leak(outlet, `${leaks[0]} (to ${sub})`);
    if (MARK.test(Buffer.from(bytes).toString('latin1'))) return;
    count(this.tally, outlet);
    this.tally.frames++;
    if (permitted === 0) return;
    this.tally.withCanaries++;
    countPermitted(this.tally, outlet);
  }

  /** Throws the first objection, if there was one. */
  check(): void {
    const [leak] = this.leaks;
    if (leak !== undefined) throw new Leak('topic', leak);
    if (this.leak !== undefined) throw this.leak;
  }
}
