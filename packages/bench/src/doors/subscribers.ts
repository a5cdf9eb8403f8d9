import { connectors } from './connect.js';
import { MessageScanner } from './message.js';
import type { LatenciesAnswer, ReceivedAnswer, SubscribersRequest } from './requests.js';

const AT_ONCE = 50;
/** Messages that have not come when none has come for so long are missing. */
const PATIENCE_MS = 5_000;

const state = { received: 0, lastAtMs: 0, tookMs: [] as number[] };
let onMessage = (): void => undefined;

/** Some of the subscribers, in a process of their own. */
export async function doorSubscribers(request: SubscribersRequest): Promise<object> {
  switch (request.what) {
    case 'connect':
      return connect(request);
    case 'received':
      return received(request.count);
    case 'latencies': {
      const tookMs = state.tookMs.sort((a, b) => a - b);
      state.tookMs = [];
      return { tookMs } satisfies LatenciesAnswer;
    }
  }
}

async function connect(request: SubscribersRequest & { readonly what: 'connect' }): Promise<object> {
  const { kind, port, from, count, perTopic, token } = request;
  const open = (index: number): Promise<void> => {
    const scanner = new MessageScanner(arrived);
    const received = (bytes: Buffer): void => scanner.take(bytes);
    return connectors[kind]({ port, index, perTopic, received, ...(token !== undefined && { token }) });
  };
  for (let at = 0; at < count; at += AT_ONCE) {
    const some = Math.min(AT_ONCE, count - at);
    await Promise.all(Array.from({ length: some }, (_, i) => open(from + at + i)));
  }
  return {};
}

function arrived(dueNs: bigint): void {
  state.tookMs.push(Number(process.hrtime.bigint() - dueNs) / 1e6);
  state.received++;
  state.lastAtMs = performance.now();
  onMessage();
}

async function received(count: number): Promise<ReceivedAnswer> {
  state.lastAtMs = performance.now();
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (performance.now() - state.lastAtMs > PATIENCE_MS) done();
    }, 100);
    const done = (): void => {
      clearInterval(look);
      onMessage = () => undefined;
      resolve();
    };
    onMessage = () => {
      if (state.received >= count) done();
    };
    onMessage();
  });
  return { received: state.received };
}
