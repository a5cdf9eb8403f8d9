import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** npm packages that the renderer needs beside ours. */
export const rendererPackages: readonly string[] = ['react', 'react-dom', 'happy-dom'];

/**
 * Writes a program that renders the `App` of an example in a page, for a client without a server that holds one to-do, then
 * clicks on that to-do. It prints the rows before and after as two lines of JSON.
 */
export function writeRenderer(folder: string, example: string): string {
  writeFileSync(join(folder, 'render.mjs'), renderer(example));
  return 'render.mjs';
}

const renderer = (example: string): string => `
import { Window } from 'happy-dom';

const window = new Window();
const page = { window, document: window.document, navigator: window.navigator, IS_REACT_ACT_ENVIRONMENT: true };
for (const [name, value] of Object.entries(page)) Object.defineProperty(globalThis, name, { value, configurable: true });
const { act, createElement } = await import('react');
const { createRoot } = await import('react-dom/client');
const { TopGunClient } = await import('@topgun/client');
const { MemoryAdapter } = await import('@topgun/adapters');
const { App } = await import('./${example}');

const client = new TopGunClient({ storage: new MemoryAdapter() });
client.getMap('todos').set('t1', { title: 'Buy milk', done: false });
const main = document.createElement('main');
document.body.append(main);
const root = createRoot(main);
const rows = () => [...main.querySelectorAll('li')];
const print = () => console.log(JSON.stringify(rows().map((row) => row.textContent)));

await act(async () => root.render(createElement(App, { client })));
print();
await act(async () => {
  rows()[0]?.click();
  await client.flush();
});
print();
await act(async () => root.unmount());
await client.close();
await window.happyDOM.close();
`;
