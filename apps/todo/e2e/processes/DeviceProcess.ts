import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TopGunClient } from '@topgun/client';
import type { StaleWrite } from '@topgun/client/stale';
import { clockOf } from './clockOf.js';

const script = fileURLToPath(new URL('device.mjs', import.meta.url));

/** What the functions that run on a device are given. */
export interface DeviceTools {
  readonly client: TopGunClient;
  readonly staleWrites: () => readonly StaleWrite[];
}

/** What a device shows of `notes` (records), `labels` (elements of the key `all`) and `visits` (a counter). */
export interface DeviceView {
  readonly notes: Readonly<Record<string, unknown>>;
  readonly labels: readonly string[];
  readonly visits: number;
  readonly pending: number;
  readonly parked: readonly (readonly [code: string, map: string, key: string, payload: unknown])[];
  readonly liveRoot: number;
}

type Answer = { readonly result: unknown } | { readonly error: string };

/** A client with a store in files, as a process that can be killed and started again. */
export class DeviceProcess {
  readonly #folder: string;
  #child: ChildProcess | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts the process, `day` days from now. */
  start(serverUrl: string, day = 0): void {
    const { execArgv, env } = clockOf(day);
    this.#child = fork(script, [this.#folder, serverUrl.replace('http', 'ws')], { execArgv, env });
  }

  /** Runs a function there; it can use nothing of its surroundings, and what goes in and out is sent as JSON. */
  async run<T, A = undefined>(work: (tools: DeviceTools, arg: A) => T | Promise<T>, arg?: A): Promise<T> {
    const child = this.#child;
    if (child === undefined) throw new Error('the device is off');
    const ended = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`the device ended: ${code}`)),
    );
    const answered = once(child, 'message');
    child.send({ source: work.toString(), arg });
    const [answer] = (await Promise.race([answered, ended])) as [Answer];
    if ('error' in answer) throw new Error(answer.error);
    // What the function returned there.
    return answer.result as T;
  }

  /** What it shows once all it wrote is answered and it is equal to the server. */
  view(): Promise<DeviceView> {
    return this.run(async ({ client, staleWrites }) => {
      const notes = client.getMap('notes');
      const labels = client.getORMap<string>('labels');
      const visits = client.getPNCounter('visits');
      await client.whenSynced();
      return {
        notes: Object.fromEntries(notes.entries()),
        labels: labels.get('all').toSorted(),
        visits: visits.get(),
        pending: client.getPendingOpsCount(),
        parked: staleWrites().map(({ code, map, key, payload }) => [code, map, key, payload] as const),
        liveRoot: client.liveRoot('notes'),
      };
    });
  }

  /** SIGKILL: nothing is closed. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
