import { answerOf } from '@topgun/sim/internal/oracle/answerOf';
import type { Checker } from '../Checker.js';
import { assertSameRows } from '../expect.js';
import { namesHidden } from '../oracle/answer.js';
import { Device } from '../server/Device.js';
import { DeviceStore } from '../server/DeviceStore.js';
import { QueryNode, WRITER } from '../server/QueryNode.js';
import { Socket } from '../server/Socket.js';

/**
 * What real devices show that ask a real server: one per principal that follows the query alone, and one that has opened the whole map
 * too, and answers from it. Every other batch is written on a device itself. A device without
 * a server shows its own writes at once, and again when it is started anew on what it has stored.
 */
export const deviceEngine: Checker = {
  name: 'device',
  check({ query, policies, rows, batches, indexes }, { states, of }) {
    const node = new QueryNode(policies, indexes);
    const writer = new Socket(node, WRITER);
    // A query that names a hidden field is refused (PERM-9); on the map itself the device answers it.
    const isRefused = namesHidden(query, policies);
    const followings = (at: number): boolean[] => (isRefused ? [true] : at === 0 ? [false, true] : [false]);
    const devices = of.flatMap(({ who: { sub, claims }, answers }, at) =>
      followings(at).map((isWhole, place) => {
        const device = new Device(node, { sub, roles: ['user'], claims }, 2 * at + place);
        device.ask(query, isWhole);
        return { what: `${sub}'s device${isWhole ? ' with the whole map' : ''}`, device, answers };
      }),
    );
    const compare = (at: number): void => {
      for (const { what, device, answers } of devices)
        assertSameRows(`${what} after batch ${at}`, device.rows(), answers[at] ?? []);
    };
    if (rows.length > 0) writer.write(rows);
    compare(0);
    for (const [at, batch] of batches.entries()) {
      const own = devices[(at >> 1) % devices.length];
      if (at % 2 === 1 && own !== undefined) {
        own.device.write(batch);
        node.settle();
      } else writer.write(batch);
      compare(at + 1);
    }
    const store = new DeviceStore();
    const alone = new Device(new QueryNode([]), undefined, 0, store);
    alone.ask(query, false);
    alone.write(rows);
    for (const [at, rowsNow] of states.entries()) {
      assertSameRows(`a device by itself after batch ${at}`, alone.rows(), answerOf(query, [...rowsNow]));
      alone.write(batches[at] ?? []);
    }
    alone.settle();
    const next = new Device(new QueryNode([]), undefined, 1, store);
    next.ask(query, false);
    assertSameRows('the next life of that device', next.rows(), answerOf(query, [...(states.at(-1) ?? [])]));
  },
};
