import { Rng } from '@topgun/sim/internal/rng';
import type { ServerState } from '../child/messages.js';
import type { Family } from '../Family.js';
import { USER } from '../identity.js';
import { faultAtWs, faultOfAnswer, faultOfReply } from '../judge.js';
import { askHttp } from '../link/askHttp.js';
import { askWs } from '../link/askWs.js';
import { Caller } from '../link/Caller.js';
import type { Child } from './Child.js';

/** What is wrong, and which input of the family showed it. */
export interface Failure {
  readonly family: string;
  /** undefined: seen after all of them */
  readonly at: number | undefined;
  readonly what: string;
}

export interface FamilyRun {
  readonly family: Family;
  readonly inputs: number;
  readonly failures: readonly Failure[];
  readonly blockMs: number;
}

export interface RunOptions {
  readonly port: number;
  readonly server: Child;
  readonly seed: number;
  readonly lanes: number;
}

export const nameOf = ({ area, name }: Family): string => `${area}: ${name}`;

/** Failures of one family that are kept: the others are the same again. */
const KEPT = 2;

interface Lane {
  readonly caller: Caller;
  readonly localAddress: string | undefined;
}

/** Sends the inputs of families to the server, one family after another, over several connections at once. */
export class FamilyRunner {
  readonly #options: RunOptions;
  readonly #lanes: readonly Lane[];
  #before: ServerState | undefined;

  constructor(options: RunOptions) {
    const { port, seed, lanes } = options;
    this.#options = options;
    const rng = Rng.of(seed, 'callers');
    this.#lanes = Array.from({ length: lanes }, (_, at) => {
      // What one address may do is limited, and that is not asked here. Linux has all of 127.0.0.0/8.
      const localAddress = process.platform === 'linux' ? `127.0.1.${at + 1}` : undefined;
      const caller = new Caller({ port, sub: USER, clientId: rng.id(22), session: rng.id(11), localAddress });
      return { caller, localAddress };
    });
  }

  /** Inputs `from` to `from + count - 1` of a family. */
  async run(family: Family, count: number, from = 0): Promise<FamilyRun> {
    const { server } = this.#options;
    const inputs = Math.min(count, family.atMost ?? count);
    const before = this.#before ?? (await server.ask<ServerState>('state'));
    const failures: Failure[] = [];
    let next = from;
    const work = async (lane: Lane): Promise<void> => {
      for (let at = next++; at < from + inputs; at = next++) {
        const what = await this.#one(family, at, lane);
        if (what !== undefined && failures.length < KEPT) failures.push({ family: nameOf(family), at, what });
      }
    };
    await Promise.all(this.#lanes.map(work));
    const after = await server.ask<ServerState>('state');
    this.#before = after;
    for (const what of faultsOfState(family, inputs, before, after))
      failures.push({ family: nameOf(family), at: undefined, what });
    return { family, inputs, failures, blockMs: after.blockMs };
  }

  close(): void {
    for (const { caller } of this.#lanes) caller.leave();
  }

  async #one(family: Family, at: number, { caller, localAddress }: Lane): Promise<string | undefined> {
    const { port, seed } = this.#options;
    const { expected } = family;
    try {
      const around = await caller.ready();
      const probe = family.make(Rng.of(seed, `${nameOf(family)} ${at}`), around);
      if (probe.kind === 'http') return faultOfAnswer(expected, await askHttp(port, localAddress, probe));
      if (probe.kind === 'json')
        return faultAtWs(expected, await askWs(port, localAddress, probe, expected.close === undefined));
      const reply = await (probe.kind === 'client' ? caller.ask(probe) : caller.askAsStranger(probe));
      return faultOfReply(expected, reply);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** What is refused is counted, and leaves everything as it was. */
function* faultsOfState(
  { expected: { rule, code }, isTakenIn }: Family,
  inputs: number,
  before: ServerState,
  after: ServerState,
): Iterable<string> {
  yield* after.faults;
  if (rule === 'accepted' || isTakenIn === true) return;
  if (after.fingerprint !== before.fingerprint || after.maps !== before.maps)
    yield 'the state of the server is another one';
  if (code === undefined) return;
  const counted = (after.refused[code] ?? 0) - (before.refused[code] ?? 0);
  if (counted < inputs) yield `rejected_total{code="${code}"} rose by ${counted}, not by ${inputs}`;
}
