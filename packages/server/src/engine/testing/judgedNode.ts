import { CONCERN, type OpAckMessage } from '@topgun/protocol';
import type { MergeContext, Resolution } from '../resolvers/Resolver.js';
import type { TestDevice } from './TestDevice.js';
import { TestNode, type TestNodeOptions } from './TestNode.js';

export const RULES = [
  { map: 'free:*', resolver: 'LWW' },
  { map: 'stock', resolver: 'NON_NEGATIVE' },
  { map: 'tags', resolver: 'ARRAY_UNION' },
  { map: 'names', resolver: 'FIRST_WRITE_WINS' },
  { map: 'docs', resolver: 'VERSION_INCREMENT' },
  { map: 'own', resolver: 'OWNER_ONLY' },
  { map: 'deep', resolver: 'DEEP_MERGE' },
  { map: 'app', resolver: 'app' },
];

/** A node with a resolver on each of these maps; `app` is the program's own. */
export function judgedNode(
  resolve: (context: MergeContext) => Resolution = () => ({ action: 'accept' }),
  rest: TestNodeOptions = {},
) {
  return new TestNode({ rules: RULES, resolvers: { app: resolve }, ...rest });
}

/** The last answer to an op: its outcome, code, reason, and the value of the row that came with it. */
export function answerTo(device: TestDevice, seq: number) {
  const frames = device.all('OP_ACK').filter((ack) => ack.level === CONCERN.PERSISTED);
  const ex = (frame: OpAckMessage) => (frame.ex ?? []).find(([at]) => at === seq);
  const last = frames
    .map(ex)
    .filter((one) => one !== undefined)
    .at(-1);
  return { outcome: device.outcomeOf(seq)?.outcome, code: last?.[1], row: last?.[2], reason: last?.[4] };
}

export function valueAt(from: TestNode, map: string, key: string): unknown {
  return from.engine.rootOf(map) === 0 ? undefined : rowAt(from, map, key)?.value;
}

export function rowAt(from: TestNode, map: string, key: string) {
  for (const [pid] of from.engine.positions())
    for (const record of from.engine.changesSince(pid, { epoch: 0, n: 0 }, 1000))
      if (record.map === map && record.key === key) return record;
  return undefined;
}
