// Puts the built demo into the package, so that `npx topgun dev` has a page to serve outside this repository.
import { cpSync, existsSync, rmSync } from 'node:fs';

const built = new URL('../../../apps/todo/dist/', import.meta.url);
const target = new URL('../dist/demo/', import.meta.url);

if (!existsSync(new URL('index.html', built))) {
  process.stderr.write('apps/todo is not built. Build through turbo (npm run build), which does it first.\n');
  process.exit(1);
}
rmSync(target, { recursive: true, force: true });
cpSync(built, target, { recursive: true });
