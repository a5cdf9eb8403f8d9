import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stage } from '../../todo/e2e/Stage.js';
import { bin } from '../../todo/e2e/TopgunProcess.js';
import { writeCities } from '../scripts/writeCities.mjs';

/** A server that serves the built atlas and holds so many cities, the largest first, brought in by `topgun import`. */
export async function openAtlas(cities?: number): Promise<Stage & { readonly importMs: number }> {
  const stage = await Stage.open(['--static-dir', fileURLToPath(new URL('../dist', import.meta.url))]);
  try {
    const file = join(stage.folder, 'cities.ndjson');
    writeCities(file, cities);
    const startedMs = performance.now();
    await importFile(file, stage.server.url);
    return Object.assign(stage, { importMs: performance.now() - startedMs });
  } catch (error) {
    await stage.close();
    throw error;
  }
}

async function importFile(file: string, url: string): Promise<void> {
  const child = spawn(process.execPath, [bin, 'import', 'cities', file, '--url', url]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`topgun import ended with code ${code}:\n${said}`);
}
