import type { TopGunClient, TopGunClientOptions } from '@topgun/client';
import type { Policy, Resolvers } from '@topgun/server';
import { simError } from '../errors.js';
import { faults } from '../faults/index.js';
import type { Plan } from '../plan/Plan.js';

/** What code of the app may know of where it runs. */
export interface SimContext {
  /** Number of the device, from 0. */
  readonly device: number;
  /** A number from 0 up to 1, like `Math.random()`, which in a simulation follows from the seed too. */
  readonly random: () => number;
  /** One of a list. */
  readonly pick: <T>(list: readonly T[]) => T;
  /** Resolves after so many virtual ms, like `setTimeout`; never in a tab that has died meanwhile. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Writes something down that no fault can touch: `check` and `always` get all notes of the run, in their order. */
  readonly note: (what: unknown) => void;
}

/** Looks at all open tabs and at what was noted. Throws if something is wrong. */
export type SimCheck = (clients: readonly TopGunClient[], notes: readonly unknown[]) => unknown;

/** Something that users do, by the app's own functions; what it throws or rejects with is a failure of the run. */
export type SimAction = (client: TopGunClient, context: SimContext) => unknown;

/** An app, the world it is put into, and what must hold of it. Times are virtual ms. */
export interface SimOptions {
  /** What users do, by name: at random times at random tabs. At least one. */
  readonly actions: Readonly<Record<string, SimAction>>;
  /** Runs in every tab that is opened, also after a kill or crash: opens maps, registers listeners. */
  readonly app?: SimAction;
  /** What must hold once everything has healed and nothing is on its way any more; may be asynchronous. */
  readonly check?: SimCheck;
  /** What must hold at any time: looks every half second, in the middle of faults, and takes no time. */
  readonly always?: SimCheck;
  /** Decides everything that is left to chance. Default 1. */
  readonly seed?: number;
  /** How many devices, 1 to 50. The first one has two tabs. Default 3. */
  readonly devices?: number;
  /** How often users do something, 0 to 100 000. Default 100. */
  readonly steps?: number;
  /** How often something goes wrong, 0 to 10 000. Default 15. */
  readonly strikes?: number;
  /** How long users work and faults strike, 1 000 to 86 400 000. Default 60 000. */
  readonly forMs?: number;
  /** Within this time after the last fault all devices must be in agreement, 1 000 to 600 000. Default 30 000. */
  readonly healMs?: number;
  /** What may go wrong, out of `faultNames`. Default: all of them but `rollback`. */
  readonly faults?: readonly string[];
  /** Who may do what. Default: everybody everything. */
  readonly policies?: readonly Policy[];
  /** The server's conflict resolvers. */
  readonly resolvers?: Resolvers;
  /** Which maps the server keeps in memory alone. Default: none. */
  readonly isVolatile?: (map: string) => boolean;
  /** Roles of the user of a device, whose `sub` is `device-<number>`. Default `['user']`. */
  readonly roles?: (device: number) => readonly string[];
  /** Options of the clients; storage and connection are the simulation's. */
  readonly client?: Omit<
    TopGunClientOptions,
    'storage' | 'connectionProvider' | 'serverUrl' | 'token' | 'webSocket'
  >;
  /** Runs this in place of what the seed would draw: what `shrink` found, or a report's own. */
  readonly plan?: SimPlan;
}

/** A run as plain data: who does what and what goes wrong when. Kept as JSON it is run again as long as its names mean something. */
export type SimPlan = Plan;

/** Options with nothing left open. */
export type SimSetup = Required<
  Omit<SimOptions, 'check' | 'always' | 'app' | 'plan' | 'resolvers' | 'policies'>
> &
  Pick<SimOptions, 'check' | 'always' | 'app' | 'plan' | 'resolvers' | 'policies'>;

/** Faults that need what only the simulation's own workload has. */
const NOT_FOR_APPS: ReadonlySet<string> = new Set([
  'policy change',
  'tab kill while it shows a rejection',
  'changes late',
  'poisoned record',
]);

const APP_FAULTS = faults.filter(({ name }) => !NOT_FOR_APPS.has(name));

/** Everything that may go wrong in a simulation of an app, in plain words. */
export const faultNames: readonly string[] = APP_FAULTS.map(({ name }) => name);

const RANGES = {
  seed: [0, Number.MAX_SAFE_INTEGER],
  devices: [1, 50],
  steps: [0, 100_000],
  strikes: [0, 10_000],
  forMs: [1000, 86_400_000],
  healMs: [1000, 600_000],
} as const;

/** Throws `SIM_OPTION_INVALID`, naming the option, what was found and what is allowed. */
export function setupOf(options: SimOptions): SimSetup {
  const setup: SimSetup = {
    seed: 1,
    devices: 3,
    steps: 100,
    strikes: 15,
    forMs: 60_000,
    healMs: 30_000,
    faults: faultNames.filter((name) => name !== 'rollback'),
    isVolatile: () => false,
    roles: () => ['user'],
    client: {},
    ...options,
  };
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = setup[name as keyof typeof RANGES];
    if (!Number.isSafeInteger(value) || value < min || value > max)
      throw invalid(name, value, `a whole number from ${min} to ${max}`);
  }
  if (Object.keys(setup.actions ?? {}).length === 0)
    throw invalid('actions', setup.actions, 'at least one function by name');
  for (const name of setup.faults)
    if (!faultNames.includes(name)) throw invalid('faults', name, faultNames.join(', '));
  return setup;
}

const invalid = (name: string, found: unknown, allowed: string): Error =>
  simError('SIM_OPTION_INVALID', `Option "${name}" is ${String(found)}; allowed: ${allowed}`);
