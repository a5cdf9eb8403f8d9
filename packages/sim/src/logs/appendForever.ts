import { EmbeddedLog } from '@topgun/server/internal/topics/log/EmbeddedLog';
import { Offsets } from '@topgun/server/internal/topics/log/Offsets';
import { plenty, TOPICS } from './killedLog.js';

/** The process to be killed: appends without end, and prints each message once it is accepted. A pipe is written before the call returns. */
async function main(folder: string, life: string): Promise<void> {
  const wallMs = (): number => Date.now();
  const log = new EmbeddedLog({ folder, offsets: new Offsets(wallMs), wallMs });
  await log.open();
  const write = async (writer: number): Promise<void> => {
    for (let n = 0; ; n++) {
      const topic = TOPICS[(writer + n) % TOPICS.length] as string;
      const draft = {
        topic,
        id: `${life}-${writer}-${n}`,
        name: '',
        data: 'x'.repeat(n % 3_000),
        from: '',
        node: 'n',
      };
      const { id, offset } = await log.append({ ...draft, ts: wallMs() }, plenty(topic));
      process.stdout.write(`${topic} ${offset} ${id}\n`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
}

await main(String(process.argv[2]), String(process.argv[3]));
