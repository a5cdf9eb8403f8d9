import { until } from '../../rolling/until.js';
import { type ChaosStage, NODES, POSTGRES } from '../stage/ChaosStage.js';
import type { Fault, Ongoing, Scene } from './Fault.js';

/** A node that was stopped that long has been taken over. */
const LONG_MS = 30_000;
const SHORT_MS = 3_000;
const BACK_MS_MAX = 60_000;
/** What the store calls its statement, which stands in each use of it. */
const COMMIT = '\0commit\0';

const killed: Fault = {
  kind: 'node killed',
  group: 'nodes',
  isDeath: true,
  begin: async ({ stage, rng }) => {
    const at = rng.int(0, NODES - 1);
    await stage.nodes.kill(at);
    return { what: stage.nameOf(at), death: at, lastsMs: 0, heal: () => stage.nodes.start(at) };
  },
};

const stopped: Fault = {
  kind: 'node stopped in order',
  group: 'nodes',
  begin: async ({ stage, rng, say }) => {
    const at = rng.int(0, NODES - 1);
    const { code, output } = await stage.nodes.stop(at);
    if (code !== 0) say(`O8: ${stage.nameOf(at)} ended with code ${code}: ${output}`);
    return { what: stage.nameOf(at), lastsMs: 0, heal: () => stage.nodes.start(at) };
  },
};

const paused: Fault = {
  kind: 'node paused for 3 s',
  group: 'nodes',
  begin: async ({ stage, rng }) => {
    const at = rng.int(0, NODES - 1);
    stage.nodes.signal(at, 'SIGSTOP');
    return { what: stage.nameOf(at), lastsMs: SHORT_MS, heal: async () => stage.nodes.signal(at, 'SIGCONT') };
  },
};

const pausedLong: Fault = {
  kind: 'node paused for 30 s',
  group: 'nodes',
  isDeath: true,
  begin: async (scene) => {
    const { stage, rng } = scene;
    const at = rng.int(0, NODES - 1);
    stage.nodes.signal(at, 'SIGSTOP');
    return woken(scene, at, LONG_MS, async () => undefined);
  },
};

/**
 * What a node has said to PostgreSQL, commits among it, is under way when the node is stopped, and arrives when others have taken its
 * partitions over. Nothing but the fence stands between.
 */
const lateCommits: Fault = {
  kind: 'node paused with commits under way',
  group: 'nodes',
  isDeath: true,
  begin: async (scene) => {
    const { stage, rng } = scene;
    const at = rng.int(0, NODES - 1);
    const node = stage.nameOf(at);
    const lift = stage.net.lay({ between: [node, POSTGRES], direction: 'there', effect: { type: 'hold' } });
    await until('the node commits', BACK_MS_MAX, () => stage.net.keeps(node, POSTGRES, COMMIT));
    stage.nodes.signal(at, 'SIGSTOP');
    return woken(scene, at, 0, async () => {
      lift();
      await until('it has arrived', BACK_MS_MAX, () => stage.net.keptBytes(node, POSTGRES) === 0);
    });
  },
};

/** A node that is stopped, others take over, and wake: from then on until it has joined anew it writes nothing (O1). */
function woken(scene: Scene, at: number, lastsMs: number, wake: () => Promise<void>): Ongoing {
  const { stage, say } = scene;
  const node = stage.nameOf(at);
  return {
    what: node,
    death: at,
    lastsMs,
    heal: async () => {
      const from = await stage.witness.now();
      await wake();
      stage.nodes.signal(at, 'SIGCONT');
      const to = await joinedAgain(stage, node);
      const rows = await stage.witness.writesOf(node, from, to);
      if (rows > 0)
        say(`O1: ${node} has written ${rows} rows after it was taken over, before it joined again`);
    },
  };
}

async function joinedAgain(stage: ChaosStage, node: string): Promise<string> {
  let joinedAt: string | undefined;
  await until(`${node} is a member again`, BACK_MS_MAX, async () => {
    joinedAt = await stage.witness.joinedAt(node);
    return joinedAt !== undefined;
  });
  return joinedAt ?? '';
}

export const nodes: readonly Fault[] = [killed, stopped, paused, pausedLong, lateCommits];
