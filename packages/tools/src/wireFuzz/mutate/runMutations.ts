import { serialize } from '@topgun/protocol';
import { nextTurn } from '@topgun/server/internal/utils/nextTurn';
import { Rng } from '@topgun/sim/internal/rng';
import { goldenFrames } from '../families/golden.js';
import { type Brought, EngineRig } from './EngineRig.js';
import { mutateBytes } from './mutateBytes.js';
import { deepPredicate, mutateTree } from './mutateTree.js';

export interface MutationOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface MutationFault {
  readonly at: number;
  readonly hex: string;
  readonly what: string;
}

export interface MutationReport {
  readonly inputs: number;
  /** how often each code answered; `taken` where the message was a good one */
  readonly codes: ReadonlyMap<string, number>;
  /** CPU time of the slowest input, in ms */
  readonly worstMs: number;
  readonly faults: readonly MutationFault[];
}

/** Inputs that one engine sees: what they write must not fill the memory. */
const PER_ENGINE = 10_000;
/** CPU time of one input, in ms, beyond which a run fails. */
export const WORST_MS_MAX = 50;
const FAULTS_MAX = 20;
/** As a busy server gets them. */
const INPUTS_PER_TURN = 5;

/**
 * Good messages of clients, changed in what they say or in their bytes, into `decode` and the engine, in any order, with what
 * networks and stores do in between. Input `at` of a seed is drawn from the two alone; what it meets is what came before it.
 */
export async function runMutations({ inputs, seed, say }: MutationOptions): Promise<MutationReport> {
  const guard = guardPrototypes();
  const codes = new Map<string, number>();
  const faults: MutationFault[] = [];
  let worstMs = 0;
  let rig: EngineRig | undefined;
  for (let at = 0; at < inputs && faults.length < FAULTS_MAX; at++) {
    const rng = Rng.of(seed, `mutation ${at}`);
    if (at % PER_ENGINE === 0 || rig === undefined) rig = new EngineRig(Rng.of(seed, `engine ${at}`));
    const client = rng.pick(rig.clients);
    const bytes = draw(rng, rig, client);
    const isStranger = rng.chance(0.05);
    const begun = process.cpuUsage();
    try {
      const brought = isStranger ? rig.stranger(bytes) : rig.frame(client, bytes);
      const used = process.cpuUsage(begun);
      worstMs = Math.max(worstMs, (used.user + used.system) / 1000);
      const what = faultOf(brought, isStranger) ?? guard();
      const code = brought.refused ?? brought.errors[0] ?? brought.ops[0] ?? 'taken';
      codes.set(code, (codes.get(code) ?? 0) + 1);
      if (what !== undefined) throw new Error(what);
      if (rng.chance(0.01)) rig.disturb();
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      faults.push({ at, hex: Buffer.from(bytes).toString('hex'), what });
      say(`mutation ${at} of seed ${seed}: ${what}\n  ${Buffer.from(bytes).toString('hex').slice(0, 400)}`);
      // An engine that threw is not to be trusted with another input.
      rig = undefined;
    }
    // Topics go on in later turns: in one that never ends they would wait for ever, and with them all they hold.
    if (at % INPUTS_PER_TURN === 0) await nextTurn();
  }
  return { inputs, codes, worstMs, faults };
}

function draw(rng: Rng, rig: EngineRig, { clientId, session }: EngineRig['clients'][number]): Uint8Array {
  const around = { clientId, session, incarnation: 'life-1', nowMs: rig.nowMs };
  const golden = Object.values(goldenFrames(around));
  const frame = fresh(rng, rng.pick(golden));
  const kind = rng.float();
  // Good ones in between: what is illegal is often only the order.
  const tree = kind < 0.1 ? frame : mutateTree(rng, frame, golden);
  const bytes = serialize(tree);
  return kind < 0.7 ? bytes : mutateBytes(rng, bytes, serialize(rng.pick(golden)));
}

/** Ops under sequence numbers of their own, so that not all of them are repetitions; questions of many forms. */
function fresh(rng: Rng, frame: readonly unknown[]): readonly unknown[] {
  if (frame[0] === 10 && rng.chance(0.5)) return [...frame.slice(0, 3), deepPredicate(rng)];
  if (frame[0] !== 5) return frame;
  const first = rng.int(1, 4_000);
  const rows = (frame[6] as readonly (readonly unknown[])[]).map((row, at) => [first + at, ...row.slice(1)]);
  return [...frame.slice(0, 6), rows];
}

/** What is wrong with what an input brought about. */
export function faultOf({ refused, errors, close }: Brought, isStranger: boolean): string | undefined {
  if (refused === undefined) return undefined;
  const told = errors.join();
  if (refused === 'BAD_FRAME')
    return told === 'BAD_FRAME' && close === 4400 ? undefined : `${told} ${close}, not BAD_FRAME 4400`;
  if (isStranger)
    return told === 'AUTH_REQUIRED' && close === 4401
      ? undefined
      : `${told} ${close}, not AUTH_REQUIRED 4401`;
  if (told !== refused) return `${told}, not ${refused}`;
  return close === undefined || close === 4408 ? undefined : `closed with ${close}`;
}

/** Nothing can be added to the prototypes that all share; the answer says whether something of theirs was changed. */
export function guardPrototypes(): () => string | undefined {
  const guarded = [
    Object.prototype,
    Array.prototype,
    Function.prototype,
    Map.prototype,
    Uint8Array.prototype,
  ];
  for (const prototype of guarded) Object.preventExtensions(prototype);
  const before = guarded.map(stateOf);
  return () => {
    const at = guarded.findIndex(
      (prototype, i) => !isSame(stateOf(prototype), before[i] as readonly unknown[]),
    );
    return at < 0 ? undefined : `prototype ${at} was changed`;
  };
}

const stateOf = (prototype: object): readonly unknown[] =>
  Object.values(Object.getOwnPropertyDescriptors(prototype)).flatMap(({ value, get, set }) => [
    value,
    get,
    set,
  ]);

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, i) => Object.is(value, b[i]));

/** The lines of a report. */
export function describeMutations(
  { inputs, codes, worstMs, faults }: MutationReport,
  seconds: number,
): string[] {
  const shares = [...codes].sort((a, b) => b[1] - a[1]).map(([code, count]) => `${code} ${count}`);
  return [
    `${inputs} mutated messages in ${seconds.toFixed(0)} s (${Math.round(inputs / seconds)} per second): ${faults.length} faults; the slowest took ${worstMs.toFixed(1)} ms`,
    `  ${shares.join(', ')}`,
    ...(worstMs > WORST_MS_MAX ? [`an input took ${worstMs.toFixed(0)} ms`] : []),
  ];
}
