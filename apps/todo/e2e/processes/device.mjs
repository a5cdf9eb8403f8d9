// A device of its own: one client on files. Runs the functions that its test sends, one after the other.
import { NodeFileAdapter } from '@topgun/adapters/file';
import { TopGunClient } from '@topgun/client';
import { staleWrites } from '@topgun/client/stale';

const [folder, serverUrl] = process.argv.slice(2);
const client = new TopGunClient({ serverUrl, storage: new NodeFileAdapter({ folder }) });
const tools = { client, staleWrites: () => staleWrites(client) };

process.on('message', async ({ source, arg }) => {
  try {
    const work = new Function(`return (${source})`)();
    process.send({ result: await work(tools, arg) });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
