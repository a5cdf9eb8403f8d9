import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerConfigInput } from '@topgun/server';
import { FrameJudge } from '@topgun/sim/internal/oracle/FrameJudge';
import { KnownData, watchCommits } from '@topgun/sim/internal/oracle/KnownData';
import { Viewer } from '@topgun/sim/internal/oracle/Viewer';
import { Rng } from '@topgun/sim/internal/rng';
import type { Case } from '../Case.js';
import { Mint } from '../draw/drawRow.js';
import { Leak } from '../Leak.js';
import { serveHere } from '../process/Served.js';
import type { Found } from '../runCase.js';
import { count, type Tally } from '../Tally.js';
import { Around } from './Around.js';
import { BridgeHearer } from './clients/BridgeHearer.js';
import { HookReceiver } from './clients/HookReceiver.js';
import { DoorPerson } from './DoorPerson.js';
import { CLIENT_IDS, DoorStage, personAt } from './DoorStage.js';
import { doorActions } from './doorActions.js';
import { TOPICS } from './doorWorld.js';

const MANY = 100_000;
/** Nobody is kept waiting by a limit: they are not what is asked about. */
const CONFIG: ServerConfigInput = {
  bridge: true,
  webhookNetworks: ['127.0.0.0/8'],
  drainMs: 200,
  sseConnectionsPerUserMax: MANY,
  sseConnectionsPerIpMax: MANY,
  wsConnectionsPerUserMax: MANY,
  wsConnectionsPerIpMax: MANY,
  wsMessagesPerConnectionMax: MANY,
  wsMessagesPerUserMax: MANY,
  bridgeConnectionsPerIpMax: MANY,
  bridgeMessagesPerIpMax: MANY,
  httpRequestsPerIpMax: MANY,
  httpRequestsPerUserMax: MANY,
  handshakesPerIpMax: MANY,
  roomsPerUserMax: MANY,
};

/** Something put into the running server for one case; returns how to take it out. */
export type PlantedInDoors = (data: KnownData) => () => void;

const byName = new Map(doorActions.map((action) => [action.name, action]));

/**
 * PO-13: runs a case on a real server in this process, over real sockets: everybody at every door at once, all bytes judged as they
 * arrive. Each step ends when everything that it began has arrived, so that rights of the moment are those of the answer.
 */
export async function runDoorCase(
  one: Case,
  tally: Tally,
  plant?: PlantedInDoors,
): Promise<Found | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-doors-'));
  const data = new KnownData();
  const mint = new Mint();
  const unwatch = watchCommits(data);
  const takeOut = plant?.(data);
  const served = await serveHere(
    { policies: one.policies, secret: Rng.of(one.seed, 'secret').id(64), folder },
    CONFIG,
  );
  const around = new Around(served.port, data, new FrameJudge(data), tally, one.policies);
  const hooks = new HookReceiver(around);
  const people: DoorPerson[] = [];
  const bridges = [CLIENT_IDS.slice(0, 1), CLIENT_IDS.slice(1)].map((ids) => new BridgeHearer(around, ids));
  tally.seeds++;
  tally.policySets++;
  let step = -1;
  try {
    await hooks.listen();
    for (const principal of one.people) {
      const token = await served.tokenOf(principal);
      people.push(new DoorPerson(around, principal, token, mint.text()));
    }
    data.onCommit.push((row) => {
      for (const viewer of [...people.map((person) => person.viewer), ...hooks.viewers]) viewer.notice(row);
    });
    for (const person of people) await person.connect(TOPICS);
    for (const bridge of bridges) await bridge.connect();
    const stage = new DoorStage({ around, served, mint, people, bridges, hooks });
    await stage.settle();
    for (const { does, who, seed } of one.steps) {
      step++;
      const action = byName.get(does);
      if (action === undefined) throw new Error(`There is no action ${does}.`);
      if (does === 'policies') tally.policySets++;
      await action.run(stage, personAt(stage, who), new Rng(seed));
      await stage.settle();
    }
    for (const { end } of [...people, ...bridges].map((each) => ({ end: () => each.end() }))) end();
    await served.stop();
    count(tally, 'log');
    const [leak] = around.judge.text(new Viewer(data), served.log(), 'the log');
    if (leak !== undefined) throw new Leak('the log', leak);
    around.check();
    return undefined;
  } catch (error) {
    if (!(error instanceof Leak)) throw error;
    return { outlet: error.outlet, what: error.message, step };
  } finally {
    for (const each of [...people, ...bridges]) each.end();
    hooks.close();
    await served.stop();
    takeOut?.();
    unwatch();
    await rm(folder, { recursive: true, force: true });
  }
}
