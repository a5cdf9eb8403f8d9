import { randomInt } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS, PARTITION_COUNT } from '@topgun/protocol';
import { EngineHost } from './EngineHost.js';
import type { PoisonedRecord, Repair, RepairOrder } from './engine/repair/Repair.js';
import { ServerEngine } from './engine/ServerEngine.js';
import { serverError } from './errors.js';
import { loadEngine } from './loadEngine.js';
import { cursorMac } from './security/cursorMac.js';
import { EmbeddedStore } from './storage/embedded/EmbeddedStore.js';
import { createLogger } from './utils/logger.js';
import { Pace } from './utils/Pace.js';

/** How a folder is looked at while no server has it. */
export interface RepairSettings {
  /** The present time, ms since the epoch: what "the future" is measured from. */
  readonly now: number;
  /** What the server admits, its setting `skewMs`; 60,000 when left out. */
  readonly skewMs?: number;
}

/** What a stopped server's folder holds. */
export interface FolderFindings {
  /** records that a repair is for, at most as many as were asked for */
  readonly poisoned: readonly PoisonedRecord[];
  /** the repairs that are kept, the oldest first */
  readonly repairs: readonly Repair[];
}

/**
 * Repairs a record in the embedded store of a stopped server, as `ServerCoordinator.repair` does in a running one. Throws
 * its codes, STORE_MISSING, and those of `Store.open`.
 */
export function repairStore(folder: string, order: RepairOrder, settings: RepairSettings): Promise<Repair> {
  return withEngine(folder, settings, (host) => repairWith(host, order));
}

/** Gives every record from the future, of one map or of all, a stamp of now; nothing else of it changes, and elements of OR maps stay as they are. */
export function repairAll(
  folder: string,
  { map, by }: { readonly map?: string; readonly by: string },
  settings: RepairSettings,
): Promise<readonly Repair[]> {
  return withEngine(folder, settings, async (host, engine) => {
    const found = await findIn(engine, settings.now, Number.POSITIVE_INFINITY);
    const orders = found
      .filter((record) => record.kind === 'LWW' && (map === undefined || record.map === map))
      .map((record): RepairOrder => ({ map: record.map, key: record.key, change: { type: 'keep' }, by }));
    const repairs: Repair[] = [];
    // What is asked for at once is one commit.
    for (let from = 0; from < orders.length; from += LIMITS.reapRows) {
      const some = orders.slice(from, from + LIMITS.reapRows);
      repairs.push(...(await Promise.all(some.map((order) => repairWith(host, order)))));
    }
    return repairs;
  });
}

/** What a repair could mend in the store of a stopped server, and what was repaired before. Throws as `repairStore`. */
export function findPoisoned(
  folder: string,
  limit: number,
  settings: RepairSettings,
): Promise<FolderFindings> {
  return withEngine(folder, settings, async (_, engine) => ({
    poisoned: await findIn(engine, settings.now, limit),
    repairs: engine.repairs.log,
  }));
}

/** Repairs in a running engine, or at the node of its cluster that owns the record; a refusal is thrown. */
export async function repairWith(host: Pick<EngineHost, 'repair'>, order: RepairOrder): Promise<Repair> {
  const result = await host.repair(order);
  if ('repair' in result) return result.repair;
  const tag = order.tag === undefined ? '' : ` (tag ${order.tag})`;
  if ('elsewhere' in result) {
    const why = result.isUnknown
      ? 'the node that owns it was asked and did not answer: it may have been repaired'
      : 'no node that owns it could be reached: it was not repaired';
    throw serverError('REPAIR_UNAVAILABLE', `${order.map}/${order.key}${tag}: ${why}.`);
  }
  throw serverError(result.code, `${order.map}/${order.key}${tag} was not repaired: ${result.reason}.`);
}

/** Looks through a running engine, one partition per turn of the event loop. */
export async function findIn(
  engine: ServerEngine,
  now: number,
  limit: number,
): Promise<readonly PoisonedRecord[]> {
  const found: PoisonedRecord[] = [];
  for (let pid = 0; pid < PARTITION_COUNT && found.length < limit; pid++) {
    found.push(...engine.repairs.poisonedIn(pid, now));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found.slice(0, limit);
}

/** Runs the engine on a folder without any door to it. */
async function withEngine<T>(
  folder: string,
  { now, skewMs }: RepairSettings,
  work: (host: EngineHost, engine: ServerEngine) => Promise<T>,
): Promise<T> {
  await mustHoldStore(folder);
  const store = new EmbeddedStore({ folder });
  const boot = await store.open();
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const host = new EngineHost({
    store,
    security: { verify: async () => ({ error: 'AUTH_REQUIRED' }), objectionTo: () => undefined },
    clock: { wallMs: () => now },
    logger: createLogger('silent'),
    // A server would go on trying; who stands at a keyboard wants to know.
    onCommit: (_, result) => {
      if (result !== 'committed')
        fail(serverError('STORE_UNAVAILABLE', `${folder} did not take the repair.`));
    },
    onFatal: fail,
  });
  try {
    const engine = new ServerEngine(
      {
        nodeId: 'repair',
        boot,
        policies: [],
        random: () => randomInt(2 ** 32),
        mac: cursorMac,
        now,
        limits: { flushDelayMs: 0, ...(skewMs !== undefined && { skewMs }) },
      },
      host,
    );
    host.connect(engine);
    await loadEngine(engine, store, new Pace());
    return await Promise.race([work(host, engine), failed]);
  } finally {
    host.stop();
    await store.close();
  }
}

async function mustHoldStore(folder: string): Promise<void> {
  try {
    await access(join(folder, 'data.mdb'));
  } catch {
    throw serverError('STORE_MISSING', `${folder} holds no embedded store.`);
  }
}
