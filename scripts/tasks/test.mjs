import { rootPath } from '../lib/root.mjs';
import { SetupError } from '../lib/SetupError.mjs';
import { run } from '../lib/shell.mjs';
import { resolvePiece } from '../system/resolvePiece.mjs';
import { runVitest } from '../test/runVitest.mjs';
import { add, closeWith, failedAs, none } from '../test/totals.mjs';
import { build } from './build.mjs';

const TODO_E2E = 'apps/todo/e2e/vitest.config.ts';
const ATLAS_E2E = 'apps/atlas/e2e/vitest.config.ts';
const ADMIN_E2E = 'apps/admin/e2e/vitest.config.ts';
const SUITE_E2E = 'apps/suite/e2e/vitest.config.ts';

const unitTotals = (args) => runVitest({ args });

const examplesTotals = async (args) => {
  const env = { TOPGUN_POSTGRES: await resolvePiece('postgres'), TOPGUN_REDIS: await resolvePiece('redis') };
  return runVitest({ config: 'packages/tools/e2e/vitest.config.ts', args, env });
};

const suiteTotals = async (args) => {
  const env = { TOPGUN_POSTGRES: await resolvePiece('postgres'), TOPGUN_REDIS: await resolvePiece('redis') };
  return runVitest({ config: SUITE_E2E, args, env });
};

async function e2eTotals(args) {
  const chromium = await resolvePiece('chromium');
  const env = { TOPGUN_CHROMIUM: chromium };
  // A test that is asked for by its name is one of one app.
  const asked = args.length === 0 ? args : [...args, '--passWithNoTests'];
  let totals = none;
  for (const config of [TODO_E2E, ATLAS_E2E, ADMIN_E2E])
    totals = add(totals, await runVitest({ config, args: asked, env }));
  return totals;
}

/** Totals of the whole suite. A build that fails counts as one failure and ends it: the browser would test old code. */
export async function allTotals() {
  // First, so that a missing piece is told at once and not after minutes.
  for (const piece of ['chromium', 'postgres', 'redis', 'curl']) await resolvePiece(piece);
  if ((await build()) !== 0) return failedAs('the build');
  const unit = await unitTotals([]);
  const examples = await examplesTotals([]);
  const suite = await suiteTotals([]);
  return [examples, suite, await e2eTotals([])].reduce(add, unit);
}

/** Everything: set-up, build, unit tests, examples of the documents, browser tests. */
export const test = async () => closeWith(await allTotals());

/** Unit tests only; arguments go to vitest: `npm run test:unit -- packages/core`. */
export const testUnit = async (args) => closeWith(await unitTotals(args));

/** The examples of the documents that are run, on a fresh build. */
export async function testExamples(args) {
  await resolvePiece('curl');
  if (
    (await build(['@topgun/cli', '@topgun/react', '@topgun/adapters', '@topgun/sim', '@topgun/tools'])) !== 0
  )
    return 1;
  return closeWith(await examplesTotals(args));
}

/** What an app can do, against one node and three: `npm run test:suite -- --project 'three nodes' rights`. */
export async function testSuite(args) {
  if ((await build(['@topgun/cli', '@topgun/adapters', '@topgun/search'])) !== 0) return 1;
  return closeWith(await suiteTotals(args));
}

/** The examples of proxies before a real server, each with the real program: `npm run test:proxies`. */
export async function testProxies(args) {
  const env = { TOPGUN_NGINX: await resolvePiece('nginx'), TOPGUN_HAPROXY: await resolvePiece('haproxy') };
  if ((await build(['@topgun/cli', '@topgun/tools'])) !== 0) return 1;
  return closeWith(await runVitest({ config: 'packages/tools/e2e/vitest.config.ts', args, env }));
}

/** Browser tests only, on a fresh build. */
export async function testE2e(args) {
  if ((await build(['@topgun/cli', '@topgun/todo', '@topgun/atlas'])) !== 0) return 1;
  return closeWith(await e2eTotals(args));
}

/** One browser test on a fresh build, as often as asked. */
async function testOften(file, env, config = TODO_E2E) {
  if ((await build(['@topgun/cli', '@topgun/todo', '@topgun/atlas'])) !== 0) return 1;
  return closeWith(
    await runVitest({
      config,
      args: [file],
      env: { ...env, TOPGUN_CHROMIUM: await resolvePiece('chromium') },
    }),
  );
}

/**
 * Times the storage of browsers against IndexedDB with one row per record, and how long a page is held while a device sends what has
 * waited; fails below what is promised (CST-31, B9).
 */
export const benchStorage = () => testOften('measure', { TOPGUN_MEASURE: '1' });

/**
 * Random queries on changing rows, each way to answer them held against an oracle and PostgreSQL: `npm run test:query-fuzz -- --seeds
 * 20000 --from 1`, `-- --seed 7`, `-- --case FILE`.
 */
export async function testQueryFuzz(args) {
  const postgres = await resolvePiece('postgres');
  if ((await build(['@topgun/tools'])) !== 0) return 1;
  const cli = rootPath('packages/tools/dist/queryFuzz/cli.js');
  return run(process.execPath, [cli, ...args], { env: { TOPGUN_POSTGRES: postgres } });
}

/**
 * Every byte that leaves a server under random rights, held against an oracle, and a leak planted in each outlet: `npm run
 * test:permissions -- --policies 200 --frames 200000`, `-- --seed 7`, `-- --case FILE`.
 */
export async function testPermissions(args) {
  if ((await build(['@topgun/tools'])) !== 0) return 1;
  return run(process.execPath, [rootPath('packages/tools/dist/permissionOracle/cli.js'), ...args]);
}

/**
 * Malformed input against a real server, and mutated messages against its engine: `npm run test:fuzz -- --inputs 50000 --mutations
 * 1000000 --seed 1`, `-- --family "msgpack: noise" --at 7`.
 */
export async function testFuzz(args) {
  if ((await build(['@topgun/tools'])) !== 0) return 1;
  return run(process.execPath, [rootPath('packages/tools/dist/wireFuzz/cli.js'), ...args]);
}

/**
 * Goes through a million states of the shipped ownership machine over a model of the database, and looks whether planted mistakes are caught:
 * `npm run test:model -- --states 1000000`.
 */
export async function testModel(args) {
  if ((await build(['@topgun/tools'])) !== 0) return 1;
  return run(process.execPath, [rootPath('packages/tools/dist/modelCheck/cli.js'), ...args]);
}

/** Random policies, each decision held against a naive reading of the rules (S2): `npm run test:policies -- 100000`. */
export async function testPolicies([runs = '100000']) {
  if ((await build(['@topgun/tools'])) !== 0) return 1;
  const args = ['packages/tools/test/policies.prop.test.ts'];
  return closeWith(await runVitest({ args, env: { TOPGUN_POLICY_RUNS: runs } }));
}

/** Times the atlas in a real Chromium with all its cities: hydration, first result, typing, an edit in another window. */
export const testAtlas = () => testOften('measure', { TOPGUN_MEASURE: '1' }, ATLAS_E2E);

/** Kills the process of a tab while it writes: `npm run test:kills -- 300`. */
export const testKills = ([kills = '300']) => testOften('renderer-kills', { TOPGUN_KILLS: kills });

/**
 * Kills the Redis master under load, behind Sentinels and in a cluster, and counts what did not arrive: `npm run test:bus -- --kills 20`.
 */
export async function testBus([flag, kills = '5']) {
  if (flag !== undefined && flag !== '--kills')
    throw new SetupError(`Unknown: ${flag}`, 'Use: npm run test:bus -- --kills 20');
  const env = { TOPGUN_REDIS: await resolvePiece('redis'), TOPGUN_BUS_KILLS: kills };
  return closeWith(await runVitest({ args: ['packages/server/src/bus/failover.test.ts'], env }));
}

/**
 * Opens every door of three nodes over a Redis Cluster while others publish, each time at another node, and looks whether the pieces fit: `npm
 * run test:races -- 1000`.
 */
export async function testRaces([races = '1000']) {
  const env = { TOPGUN_REDIS: await resolvePiece('redis'), TOPGUN_DOOR_RACES: races };
  return closeWith(await runVitest({ args: ['packages/server/src/doors/modes/races.modes.test.ts'], env }));
}

/** Restarts three nodes over one Redis in turn, under clients of every kind of door: `npm run test:rolling -- --clients 500 --per-second 30`. */
export async function testRolling(args) {
  const redis = await resolvePiece('redis');
  if ((await build(['@topgun/sim', '@topgun/cli'])) !== 0) return 1;
  return run(process.execPath, [rootPath('packages/sim/dist/rolling/main.js'), ...args], {
    env: { TOPGUN_REDIS: redis },
  });
}

/**
 * Random scripts on every store of servers, held against a model: `npm run test:stores -- --scripts 2000 --from 1`; one of them again:
 * `-- --scripts 1 --from 17`.
 */
export async function testStores(args) {
  const given = (flag, standard) => {
    const at = args.indexOf(flag);
    return at < 0 ? standard : args[at + 1];
  };
  const env = {
    TOPGUN_POSTGRES: await resolvePiece('postgres'),
    TOPGUN_STORE_SCRIPTS: given('--scripts', '2000'),
    TOPGUN_STORE_SCRIPT: given('--from', '1'),
  };
  return closeWith(await runVitest({ args: ['packages/server/src/storage', '-t', 'STO-28'], env }));
}

/** Opens, closes, reloads, kills and freezes tabs of one store: `npm run test:tabs -- 200`, and a seed if wanted. */
export const testTabs = ([events = '200', seed = '1']) =>
  testOften('many-tabs', { TOPGUN_TAB_EVENTS: events, TOPGUN_TAB_SEED: seed });
