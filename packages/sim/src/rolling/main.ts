import { option } from '../crash/harness.js';
import { BinaryFollower } from './BinaryFollower.js';
import type { Follower } from './Follower.js';
import { JsonFollower } from './JsonFollower.js';
import { judge } from './judge.js';
import { Nodes } from './Nodes.js';
import { Publisher } from './Publisher.js';
import { SseFollower } from './SseFollower.js';
import { until } from './until.js';

/** Those that come at once; a node takes more, but a crowd of all of them is not what is tried. */
const OPENED_AT_ONCE = 50;
const FOLLOWERS_PER_STREAM = 50;
/** Messages a second in one stream: its log holds 100, and who was sent away is back within ten seconds, on a busy machine within thirty. */
const PER_SECOND_AND_STREAM = 2;

/**
 * `npm run test:rolling [-- --clients 500 --per-second 30 --kills 1]`: three real `topgun start` that share one Redis are restarted one after the other with
 * SIGTERM, while so many clients follow streams by SSE and as many by WebSockets, half of them JSON and half binary, each to the next node
 * that is ready, without stickiness, and messages are published by HTTP and by clients. No client may miss a message, hear one twice or out of order, or lose its
 * connection other than announced; nobody may be refused; every publish has to be accepted; every node has to end by itself in 25 s with code 0 (S004-27).
 * Then a node is killed: its clients come back and have missed nothing, those of the others see nothing of it (S003-3).
 */
async function main(): Promise<number> {
  const clients = option('clients') ?? 500;
  const kills = option('kills') ?? 1;
  const perSecond = option('per-second') ?? 30;
  const count = Math.max((2 * clients) / FOLLOWERS_PER_STREAM, perSecond / PER_SECOND_AND_STREAM);
  const streams = Array.from({ length: Math.ceil(count) }, (_, at) => `${at}`);
  const nodes = await Nodes.open();
  const faults: string[] = [];
  const followers: Follower[] = [];
  let longestMs = 0;
  try {
    for (let at = 0; at < clients; at++) {
      const [one, other] = [streams[at % streams.length], streams[(at + 1) % streams.length]] as [
        string,
        string,
      ];
      followers.push(new SseFollower(nodes, one));
      followers.push(at % 2 === 0 ? new JsonFollower(nodes, other) : new BinaryFollower(nodes, other));
    }
    await openAll(followers);
    const publisher = new Publisher(
      nodes,
      streams,
      followers.filter((one) => one instanceof JsonFollower),
    );
    // A binary client is not told when it hears.
    await until('every follower hears', 60_000, async () => {
      await publisher.publishToAll();
      return followers.every(({ heard }) => heard.length > 0);
    });
    publisher.start(perSecond);
    const areBack = (): Promise<void> =>
      until('every follower is back', 60_000, () => followers.every(({ isOpen }) => isOpen));
    for (let at = 0; at < nodes.count; at++) {
      const { code, ms, output } = await nodes.restart(at);
      longestMs = Math.max(longestMs, ms);
      if (code !== 0) faults.push(`node ${at} ended with code ${code}: ${output}`);
    }
    await areBack();
    for (let kill = 0; kill < kills; kill++) {
      const at = kill % nodes.count;
      await nodes.kill(at);
      await areBack();
      nodes.revive(at);
    }
    await publisher.publishToAll();
    await publisher.stop();
    faults.push(...publisher.faults, ...(await judge(followers, publisher.accepted)));
  } finally {
    await Promise.allSettled(followers.map((follower) => follower.close()));
    await nodes.close();
  }
  for (const [fault, count] of countsOf(faults).slice(0, 20)) console.log(`FAULT ${count} x ${fault}`);
  const sum = (of: (one: Follower) => number): number => followers.reduce((all, one) => all + of(one), 0);
  console.log(
    `${nodes.count} restarts, ${kills} kills, ${followers.length} clients sent away ${sum(({ leaves }) => leaves)} times and cut ${sum(({ cuts }) => cuts)} times, ${sum(({ heard }) => heard.length)} messages heard, ${faults.length} faults, longest stop ${Math.round(longestMs)} ms`,
  );
  return faults.length === 0 ? 0 : 1;
}

async function openAll(followers: readonly Follower[]): Promise<void> {
  for (let at = 0; at < followers.length; at += OPENED_AT_ONCE) {
    const some = followers.slice(at, at + OPENED_AT_ONCE);
    for (const follower of some) follower.open();
    await until('followers are open', 60_000, () => some.every(({ isOpen }) => isOpen));
  }
}

/** Many of them say the same. */
function countsOf(faults: readonly string[]): [fault: string, count: number][] {
  const counts = new Map<string, number>();
  for (const fault of faults) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one);
}

process.exitCode = await main();
