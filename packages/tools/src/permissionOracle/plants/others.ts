import { FORM, OUTCOME } from '@topgun/protocol';
import { Answers } from '@topgun/server/internal/engine/Answers';
import { Gate } from '@topgun/server/internal/engine/Gate';
import { Topics } from '@topgun/server/internal/engine/Topics';
import { replaceProperty } from '@topgun/sim/internal/run/replaceGlobals';
import { replaceMethod } from '@topgun/sim/internal/teeth/replaceMethod';
import { amending, secretFor } from './amend.js';
import type { Plant } from './Plant.js';
import { unmaskedIn } from './unmasked.js';

/** Answers to writes, topics, and all messages that hold no data of anybody. */
export const others: readonly Plant[] = [
  {
    outlet: 'answer applied',
    name: 'an answer brings a row that its writer did not ask about',
    plant: amending('OP_ACK', (message, { row }) => {
      const [span] = message.spans;
      if (span?.[2] !== OUTCOME.APPLIED || row.kind !== 'LWW' || message.ex !== undefined) return undefined;
      return {
        ...message,
        nodes: [row.node],
        ex: [[span[0], null, [FORM.LWW_PRESENT, row.key, row.n, row.t, 0, row.value]]],
      };
    }),
  },
  {
    outlet: 'answer superseded',
    name: 'losing to a hidden row does not look like winning',
    plant: () => replaceMethod(Gate, 'sees', () => () => true),
  },
  {
    outlet: 'answer changed',
    name: 'a masked writer is shown what the mask kept',
    plant: unmaskedIn(
      Answers,
      'durable',
      (args) => (args[1] as { outcome: number }).outcome === OUTCOME.CHANGED,
    ),
  },
  {
    outlet: 'answer rejected',
    name: 'a rejection says what stands',
    plant: amending('OP_ACK', (message, { text }) => {
      const ex = message.ex?.map((each): typeof each =>
        each[1] === null ? each : [each[0], each[1], null, null, `It is ${text}.`],
      );
      return ex === undefined ? undefined : { ...message, ex };
    }),
  },
  {
    outlet: 'answer duplicate',
    name: 'an answer that is given again is not masked',
    plant: unmaskedIn(Answers, 'again'),
  },
  {
    outlet: 'answer with row',
    name: 'the row in an answer is not masked',
    plant: unmaskedIn(Answers, 'durable'),
  },
  { outlet: 'topic', name: 'messages are not masked', plant: unmaskedIn(Topics, 'publish') },
  {
    outlet: 'topic',
    name: 'listeners outlive the rights they came with',
    plant: () => replaceMethod(Topics, 'review', () => () => undefined),
  },
  {
    outlet: 'topic heard',
    name: 'a place in a topic is called by what is hidden',
    plant: amending('TOPIC_HEARD', (message, { text }) => ({ ...message, epoch: text })),
  },
  {
    outlet: 'error',
    name: 'an error says what it found',
    plant: amending('ERROR', (message, { text }) => ({ ...message, message: `Found ${text}.` })),
  },
  {
    outlet: 'error denied',
    name: 'a refusal says what it hides',
    plant: amending('ERROR', (message, { row }) =>
      message.code === 'DENIED' ? { ...message, message: `${row.key} is hidden.` } : undefined,
    ),
  },
  {
    outlet: 'error resync',
    name: 'what is to be opened again is named by a hidden key',
    plant: amending('ERROR', (message, { row }) =>
      message.code === 'RESYNC' ? { ...message, ref: row.key } : undefined,
    ),
  },
  {
    outlet: 'AUTH_ACK',
    name: 'signing in tells of somebody else',
    plant: amending('AUTH_ACK', (message, { text }) => ({ ...message, userId: text })),
  },
  {
    outlet: 'pong',
    name: 'a heartbeat carries a number of a hidden row',
    plant: amending('PONG', (message, { number }) => ({ ...message, serverTime: number })),
  },
  {
    outlet: 'cluster map',
    name: 'the map of the cluster names what is hidden',
    plant: amending('CLUSTER_MAP', (message, { text }) => ({ ...message, self: text })),
  },
  {
    outlet: 'shutdown',
    name: 'a farewell carries a number of a hidden row',
    plant: amending('SHUTDOWN', (message, { number }) => ({ ...message, reconnectInMs: number })),
  },
  {
    outlet: 'close reason',
    name: 'the reason of a close says what was found',
    plant: (node) => {
      const { close } = node.effects;
      return replaceProperty(node.effects, 'close', (conn: number, code: number, reason: string) =>
        close(conn, code, `${reason} ${secretFor(node, conn)?.text}`),
      );
    },
  },
];
