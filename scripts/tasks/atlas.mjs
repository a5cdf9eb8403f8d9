import { rootPath } from '../lib/root.mjs';
import { run, startWatched } from '../lib/shell.mjs';
import { build } from './build.mjs';

const DATA_DIR = rootPath('.topgun/atlas');
const MAP = 'cities';

/** Writes of an import that may have been under way when it was cut off: what of them is missing lies at the end. */
const UNDER_WAY = 5_000;

/** How many cities the server at this address holds. */
async function citiesAt(url) {
  const { maps = [] } = await (await fetch(new URL('/api/status', url))).json();
  return maps.find(({ name }) => name === MAP)?.items ?? 0;
}

/** Imports what the server does not hold yet: everything at the first start, the rest after one that was cut off. */
async function importCities(url) {
  const { writeCities } = await import(rootPath('apps/atlas/scripts/writeCities.mjs'));
  const held = await citiesAt(url);
  const file = rootPath('.topgun/atlas-cities.ndjson');
  const all = writeCities(file);
  if (held >= all) return 0;
  const skip = String(Math.max(0, held - UNDER_WAY));
  process.stdout.write(`Importing ${all} cities, once. The page fills while they come in.\n`);
  return run(process.execPath, [
    rootPath('bin/topgun.js'),
    'import',
    MAP,
    file,
    '--url',
    url,
    '--skip',
    skip,
  ]);
}

/** Serves the atlas with an embedded server and all its cities: `npm run atlas -- --port 9000` hands its flags on. */
export async function atlas(args) {
  const built = await build(['@topgun/cli', '@topgun/atlas']);
  if (built !== 0) return built;
  const dev = ['dev', '--static-dir', rootPath('apps/atlas/dist'), '--data-dir', DATA_DIR, ...args];
  const server = startWatched(process.execPath, [rootPath('bin/topgun.js'), ...dev]);
  const address = await server.says(/App\s+(http:\S+)/);
  // Without an address it has ended, and has said why.
  if (address === undefined) return server.ended;
  if ((await importCities(address[1])) !== 0)
    process.stderr.write('Not all cities are in; the next start goes on.\n');
  return server.ended;
}
