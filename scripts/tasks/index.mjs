import { checks } from '../checks/index.mjs';
import { runBin } from '../lib/bin.mjs';
import { pnpm } from '../lib/pnpm.mjs';
import { resolvePiece } from '../system/resolvePiece.mjs';
import { atlas } from './atlas.mjs';
import { build } from './build.mjs';
import { testPacked } from './packed.mjs';
import { start } from './start.mjs';
import {
  benchStorage,
  test,
  testAtlas,
  testBus,
  testE2e,
  testExamples,
  testFuzz,
  testKills,
  testModel,
  testPermissions,
  testPolicies,
  testProxies,
  testQueryFuzz,
  testRaces,
  testRolling,
  testStores,
  testSuite,
  testTabs,
  testUnit,
} from './test.mjs';
import { checkTask, verify } from './verify.mjs';

/** Builds a package with what it needs and the command line it may start, then runs a script of its package.json with the given arguments. */
const packageScript = (name, script) => async (args) => {
  const built = await build([name, '@topgun/cli']);
  return built === 0 ? pnpm(['--filter', name, '--fail-if-no-match', 'run', script, ...args]) : built;
};

/** The server killed again and again: `npm run test:crash -- --kills 20 --store postgres`. */
async function testCrash(args) {
  if (args.includes('postgres')) process.env.TOPGUN_POSTGRES = await resolvePiece('postgres');
  return packageScript('@topgun/sim', 'crash')(args);
}

/** A script of the simulation's room that starts a PostgreSQL and a Redis of its own: `npm run test:cluster -- --kills 3`. */
const clusterScript = (script) => async (args) => {
  process.env.TOPGUN_POSTGRES = await resolvePiece('postgres');
  process.env.TOPGUN_REDIS = await resolvePiece('redis');
  return packageScript('@topgun/sim', script)(args);
};

/** Those of several nodes start a Redis, those over a database a PostgreSQL, which are found or installed for them. */
async function bench(args) {
  const at = args.indexOf('--only');
  const only = at < 0 ? undefined : args[at + 1];
  if (only === undefined || ['fanout', 'nodes'].includes(only))
    process.env.TOPGUN_REDIS = await resolvePiece('redis');
  if (['cluster', 'database'].includes(only)) process.env.TOPGUN_POSTGRES = await resolvePiece('postgres');
  return packageScript('@topgun/bench', 'bench')(args);
}

/** Every root script by name; package.json lists the same names. Each takes its arguments and resolves with an exit code. */
export const tasks = {
  start,
  atlas,
  build: () => build(),
  test,
  'test:unit': testUnit,
  'test:examples': testExamples,
  'test:e2e': testE2e,
  'test:atlas': testAtlas,
  'test:kills': testKills,
  'test:proxies': testProxies,
  'test:tabs': testTabs,
  'test:packed': testPacked,
  'test:policies': testPolicies,
  'test:query-fuzz': testQueryFuzz,
  'test:permissions': testPermissions,
  'test:fuzz': testFuzz,
  'test:model': testModel,
  'test:bus': testBus,
  'test:chaos': clusterScript('chaos'),
  'test:cluster': clusterScript('cluster'),
  'test:disaster': clusterScript('disaster'),
  'test:moves': clusterScript('moves'),
  'test:crash': testCrash,
  'test:races': testRaces,
  'test:rolling': testRolling,
  'test:stores': testStores,
  'test:suite': testSuite,
  'test:backup': packageScript('@topgun/sim', 'backup'),
  'test:drain': packageScript('@topgun/sim', 'drain'),
  'test:bridge': packageScript('@topgun/sim', 'bridge'),
  'test:logs': packageScript('@topgun/sim', 'logs'),
  'test:records': packageScript('@topgun/sim', 'records'),
  'test:webhooks': packageScript('@topgun/sim', 'webhooks'),
  sim: packageScript('@topgun/sim', 'sim'),
  'sim:teeth': packageScript('@topgun/sim', 'teeth'),
  bench,
  'bench:storage': benchStorage,
  format: () => runBin('biome', ['check', '--write', '.']),
  lint: () => runBin('biome', ['check', '--error-on-warnings', '.']),
  verify,
  ...Object.fromEntries(Object.keys(checks).map((name) => [`check:${name}`, checkTask(name)])),
};
