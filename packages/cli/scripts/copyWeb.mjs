// Puts the built demo and the built dashboard into the package, so that `npx topgun` can serve them outside this repository.
import { cpSync, existsSync, rmSync } from 'node:fs';

const apps = { todo: 'demo', admin: 'admin' };

for (const [app, folder] of Object.entries(apps)) {
  const built = new URL(`../../../apps/${app}/dist/`, import.meta.url);
  const target = new URL(`../dist/${folder}/`, import.meta.url);
  if (!existsSync(new URL('index.html', built))) {
    process.stderr.write(
      `apps/${app} is not built. Build through turbo (npm run build), which does it first.\n`,
    );
    process.exit(1);
  }
  rmSync(target, { recursive: true, force: true });
  // A compiler may have left its notes beside the page.
  cpSync(built, target, { recursive: true, filter: (path) => !path.endsWith('.tsbuildinfo') });
}
