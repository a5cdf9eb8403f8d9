import { until } from './until.js';

const PATIENCE_MS = 30_000;

/** A message that was accepted. */
export interface Accepted {
  readonly n: number;
  readonly offset: number;
}

/** Who hears a stream. */
export interface Follower {
  readonly kind: string;
  readonly stream: string;
  /** numbers of messages, as they came */
  readonly heard: readonly number[];
  /** what must not happen */
  readonly faults: readonly string[];
}

/** Waits until all is heard that will be, and names what nobody may have seen: a fault of a client, a message missing, twice, or in another order. */
export async function judge(
  followers: readonly Follower[],
  accepted: ReadonlyMap<string, readonly Accepted[]>,
): Promise<string[]> {
  const orders = new Map(
    [...accepted].map(([stream, messages]) => [
      stream,
      [...messages].sort((a, b) => a.offset - b.offset).map(({ n }) => n),
    ]),
  );
  const expectedOf = ({ stream, heard }: Follower): readonly number[] => {
    const order = orders.get(stream) ?? [];
    return order.slice(order.indexOf(heard[0] as number));
  };
  const hasLast = (follower: Follower): boolean => follower.heard.includes(expectedOf(follower).at(-1) ?? -1);
  // Who has not is named below.
  await until('all is heard', PATIENCE_MS, () => followers.every(hasLast)).catch(() => undefined);
  return followers.flatMap((follower) => {
    const { kind, stream, heard, faults } = follower;
    const expected = expectedOf(follower);
    const isRight = heard.length === expected.length && heard.every((n, at) => n === expected[at]);
    if (isRight) return faults;
    const missed = expected.filter((n) => !heard.includes(n));
    const twice = heard.filter((n, at) => heard.indexOf(n) !== at);
    return [
      ...faults,
      `${kind} on stream ${stream}: missed ${missed.length} [${missed.slice(0, 5)}], twice ${twice.length} [${twice.slice(0, 5)}], of ${expected.length}`,
    ];
  });
}
