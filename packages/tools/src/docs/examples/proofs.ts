import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fence } from '../readFences.js';
import { readFences } from '../readFences.js';
import { runNode } from './runNode.js';
import type { DevServer } from './startDevServer.js';
import { writeExample } from './writeExample.js';
import { writeRenderer } from './writeRenderer.js';

/**
 * Runs the client example of the README in a folder that has our packages, and asserts what the README says of it: the to-do
 * can be read at once, the live query shows it, and in the end the server has it.
 */
export async function proveClientExample(root: string, folder: string, server: DevServer): Promise<void> {
  const example = writeExample(folder, readmeFence(root, 'ts'), server.syncUrl);
  const output = await runNode(folder, example);
  const [first, ...live] = output.trim().split('\n');
  assert.equal(first, 'Buy milk', `${example} printed first: ${first}`);
  assert.equal(live.at(-1), "[ 'Buy milk' ]", `the live query of ${example} ended with: ${live.at(-1)}`);
  const status = await fetched(new URL('/api/status', server.appUrl));
  const { maps } = JSON.parse(status) as { readonly maps: readonly { name: string; items: number }[] };
  const todos = maps.find(({ name }) => name === 'todos');
  assert.equal(todos?.items, 1, `after ${example} the server reports ${status}`);
}

/** Renders the React example of the README for a client without a server, and clicks the to-do that it shows. */
export async function proveReactExample(root: string, folder: string): Promise<void> {
  const example = writeExample(folder, readmeFence(root, 'tsx'), 'ws://127.0.0.1:8080');
  const output = await runNode(folder, writeRenderer(folder, example));
  assert.equal(output, '["Buy milk"]\n[]\n', `${example} showed, before and after the click: ${output}`);
}

/** Asserts that the server serves the page of the demo and every script and style sheet that the page names. */
export async function proveDemo({ appUrl }: DevServer): Promise<void> {
  const page = await fetched(new URL(appUrl));
  const assets = [...page.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, path = '']) => path);
  assert.notEqual(assets.length, 0, `${appUrl} names no script: ${page}`);
  for (const path of assets) assert.notEqual(await fetched(new URL(path, appUrl)), '', `${path} is empty`);
}

function readmeFence(root: string, language: string): Fence {
  const { fences } = readFences('README.md', readFileSync(join(root, 'README.md'), 'utf8'));
  const [fence, another] = fences.filter((candidate) => candidate.language === language);
  assert(fence !== undefined && another === undefined, `README.md should have one ${language} fence`);
  return fence;
}

async function fetched(url: URL): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  assert.equal(response.status, 200, `${url} answers with ${response.status}`);
  return response.text();
}
