import { paced } from './cluster/paced.js';
import { sameRows } from './cluster/sameRows.js';
import { coreRound } from './core/round.js';
import { pgAlone } from './database/pgAlone.js';
import { deltaRound } from './delta/round.js';
import { bridgePosts } from './doors/bridgePosts.js';
import { doorServer } from './doors/doorServer.js';
import { bareNet, bareSse, bareWs, socketIo } from './doors/peers.js';
import { doorSubscribers } from './doors/subscribers.js';
import { hostile } from './hostile/attackers.js';
import { good } from './hostile/good.js';
import { type QueryRequest, queryRound } from './queries/round.js';
import { echoServer } from './server/echoServer.js';
import { load } from './server/load.js';
import { topgunServer } from './server/topgunServer.js';
import { readers } from './stalled/readers.js';
import { fillStore } from './startup/fillStore.js';
import { loadingServer } from './startup/loadingServer.js';
import { subscribers } from './subscriptions/load.js';

/** Entry of every child process: answers each request of the parent with one message. */
const roles: Record<string, (request: never) => Promise<object> | object> = {
  core: ({ peer }: { peer: string }) => coreRound(peer),
  'pg-alone': pgAlone,
  'same-rows': sameRows,
  paced,
  delta: ({ peer }: { peer: string }) => deltaRound(peer),
  queries: (request: QueryRequest) => queryRound(request),
  'echo-server': echoServer,
  'topgun-server': topgunServer,
  load,
  'door-server': doorServer,
  'door-subscribers': doorSubscribers,
  'bridge-posts': bridgePosts,
  'bare-ws': bareWs,
  'bare-sse': bareSse,
  'bare-net': bareNet,
  'socket-io': socketIo,
  'fill-store': fillStore,
  'loading-server': loadingServer,
  readers,
  subscribers,
  good,
  hostile,
};

const role = process.argv[2] ?? '';
const handle = roles[role];
if (handle === undefined) throw new Error(`No role is called "${role}"`);
process.on('message', (request) => {
  Promise.resolve(handle(request as never)).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// A parent that failed leaves nothing behind.
process.on('disconnect', () => process.exit());
