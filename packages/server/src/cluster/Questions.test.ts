import { describe, expect, it } from 'vitest';
import type { NodeLinks } from './ports.js';
import { type AskedNode, Questions } from './Questions.js';

/** A node that asks and one that is asked, whose links deliver at once. */
function two(asked: () => AskedNode): { readonly ask: Questions; readonly other: Questions } {
  const read = new Map<string, (from: string, message: unknown) => void>();
  const linksOf = (self: string, peer: string): NodeLinks =>
    ({
      up: new Set([peer]),
      read: (_channel: string, take: (from: string, message: unknown) => void) => read.set(self, take),
      send: (_to: string, _channel: string, message: unknown) => {
        read.get(peer)?.(self, message);
        return true;
      },
    }) as unknown as NodeLinks;
  const known: AskedNode = { isReady: true, version: 7, flush: 0, isSettled: () => true, isFenced: false };
  const ask = new Questions(linksOf('a', 'b'), () => known);
  return { ask, other: new Questions(linksOf('b', 'a'), asked) };
}

describe('Questions', () => {
  it('[CLU-23] are answered when it is known what became of the commit that was under way', async () => {
    let flushed = 4;
    const { ask, other } = two(() => ({
      ...{ isReady: true, version: 7, flush: 5, isFenced: false },
      isSettled: (flush) => flush <= flushed,
    }));
    let answer: unknown;
    const answered = ask.ask().then((asked) => {
      answer = asked;
    });
    other.review();
    await Promise.resolve();
    expect(answer).toBe(undefined);
    flushed = 5;
    other.review();
    await answered;
    expect(answer).toEqual({ isSure: true, version: 7, nodes: new Set(['b']) });
  });

  it.each([
    ['with a commit under way', true, false],
    ['that has heard of its commit, and has not taken it in', true, true],
    ['that is about to take partitions over', false, true],
  ])('[CLU-23] a node %s that was fenced says at once that it cannot tell', async (_, isReady, isSettled) => {
    const { ask } = two(() => ({
      ...{ isReady, version: 7, flush: 5, isFenced: true },
      isSettled: () => isSettled,
    }));
    expect(await ask.ask()).toEqual({ isSure: false, version: 0, nodes: new Set(['b']) });
  });
});
