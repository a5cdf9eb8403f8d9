import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { documents } from '../src/docs/documents.js';
import { linkPackages } from '../src/docs/examples/linkPackages.js';
import { proveClientExample, proveDemo, proveReactExample } from '../src/docs/examples/proofs.js';
import { runNode, runShell } from '../src/docs/examples/runNode.js';
import { type DevServer, startDevServer } from '../src/docs/examples/startDevServer.js';
import { writeExample } from '../src/docs/examples/writeExample.js';
import { type Fence, readFences } from '../src/docs/readFences.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const fences = documents(root).flatMap(({ file, text }) => readFences(file, text).fences);
/** Pages are run in a browser, by the tests of the apps. */
const runnable = fences.filter((fence) => fence.isRun && fence.language !== 'html');

/** Saved where the document of an example says so; `topgun.json` is what the server is told. */
const jsonOf = (file: string): readonly Fence[] =>
  fences.filter((fence) => fence.file === file && fence.language === 'json' && fence.savedAs !== undefined);

/** A folder that looks like an app with our packages installed; gone when the test ends. */
function appFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-example-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  linkPackages(root, folder);
  return folder;
}

/** A server on data of its own; it is asked to stop when the test ends, and must do so without a fault. */
async function devServer(folder: string, files: readonly Fence[] = []): Promise<DevServer> {
  for (const { savedAs = '', code } of files) writeFileSync(join(folder, savedAs), code);
  const isTold = files.some(({ savedAs }) => savedAs === 'topgun.json');
  const server = await startDevServer({
    command: [process.execPath, join(root, 'bin/topgun.js')],
    cwd: folder,
    dataDir: join(folder, 'data'),
    ...(isTold && { configFile: join(folder, 'topgun.json') }),
  });
  onTestFinished(async () => expect(await server.stop()).toBe(0));
  return server;
}

describe('examples that are marked as run', () => {
  it.each(runnable.map((fence) => [`${fence.file}:${fence.line}`, fence] as const))(
    '%s runs to its end on plain Node or in sh, against a server of its own',
    async (_where, fence) => {
      const folder = appFolder();
      const server = await devServer(folder, jsonOf(fence.file));
      const run = fence.language === 'sh' ? runShell : runNode;
      expect(await run(folder, writeExample(folder, fence, server.syncUrl))).not.toBe('');
    },
  );
});

describe('the README', () => {
  it('is right about its client example: read at once, shown by the live query, durable on the server', async () => {
    const folder = appFolder();
    await proveClientExample(root, folder, await devServer(folder));
  });

  it('is right about its React example: it shows the to-do of its client, and a click ticks it off', async () => {
    await proveReactExample(root, appFolder());
  });

  it('is right about the demo: the development server serves its page', async () => {
    await proveDemo(await devServer(appFolder()));
  });

  it('is found wrong when its example prints something else, or fails', async () => {
    const folder = appFolder();
    const server = await devServer(folder);
    const prove = (code: string) => {
      writeFileSync(join(folder, 'README.md'), `\`\`\`ts\n${code}\n\`\`\`\n`);
      return proveClientExample(folder, folder, server);
    };
    await expect(prove("console.log('Buy bread');")).rejects.toThrow('line2.mjs printed first: Buy bread');
    await expect(prove("console.log('Buy milk');")).rejects.toThrow('live query');
    await expect(prove("throw new Error('broken');")).rejects.toThrow(
      /line2\.mjs ended with code 1:[\s\S]*broken/,
    );
  });
});

describe('a development server that does not start', () => {
  it('is reported with its exit code and what it said', async () => {
    const folder = appFolder();
    const command = [process.execPath, '-e', "console.log('no port'); process.exitCode = 3;"] as const;
    const starting = startDevServer({ command, cwd: folder, dataDir: join(folder, 'data') });
    await expect(starting).rejects.toThrow('topgun dev ended with code 3:\nno port');
  });
});
