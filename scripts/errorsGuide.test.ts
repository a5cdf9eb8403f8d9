import { cliErrors } from '@topgun/cli';
import { clientErrors, storageErrors } from '@topgun/client';
import { coreErrors } from '@topgun/core';
import { closeCodes, protocolErrors } from '@topgun/protocol';
import { simErrors } from '@topgun/sim';
import { describe, expect, it } from 'vitest';
import { backpressureErrors } from '../packages/client/src/backpressure/BackpressureError.js';
import { clusterErrors } from '../packages/client/src/cluster/clusterErrors.js';
import { eventErrors } from '../packages/client/src/events.js';
import { logoutErrors } from '../packages/client/src/logout.js';
import { transactionErrors } from '../packages/client/src/transactions/transactionErrors.js';
import { serverErrors } from '../packages/server/src/errors.js';

type Table = Readonly<Record<string, { readonly remedy: string; readonly retriable?: boolean }>>;

const intro = `# Errors

Every error of TopGun is a \`TopGunError\` with a \`code\` for programs, a \`message\` that names the thing, a \`remedy\`
that says what to do, and \`retriable\`: whether the same call may succeed later without a change. Codes never change
their meaning; messages may. Switch on the code, show the message, log both.

\`\`\`ts
import { TopGunError } from '@topgun/core';

export function explain(error: unknown): string {
  if (error instanceof TopGunError) return \`\${error.code}: \${error.message} \${error.remedy}\`;
  return String(error);
}
\`\`\`

Production builds for browsers leave the remedies out: there \`remedy\` is "See CODE in docs/guides/errors.md.", which is
this page. Node, development servers and everything else that does not resolve the export condition \`browser\`, or that
resolves \`development\`, get the texts.

A write that the server refuses is no exception: it is taken back on the device, and \`client.onRejection\` gets its
code, once. Those codes are the ones under "Between device and server".

This page is made from the tables in the code: \`npm run test:unit -- scripts/errorsGuide.test.ts -u\` writes it anew.
`;

const sections: readonly (readonly [title: string, text: string, table: Table])[] = [
  [
    'Values, keys, clocks and queries',
    'Thrown by `@topgun/core` at the call that is wrong; nothing has changed then.',
    coreErrors,
  ],
  ['Between device and server', 'Travel in answers and rejections, from `@topgun/protocol`.', protocolErrors],
  [
    'The client',
    'Thrown or reported by `@topgun/client`.',
    { ...clientErrors, ...backpressureErrors, ...logoutErrors, ...eventErrors, ...clusterErrors },
  ],
  [
    'Transactions',
    'Thrown by `transaction` of `@topgun/client/transactions`; nothing was written then.',
    transactionErrors,
  ],
  ['Storage on the device', 'Thrown by storage adapters.', storageErrors],
  [
    'The server',
    'Thrown by `@topgun/server` when it starts or when its disk fails; `HOST_REFUSED` is a 403 over HTTP.',
    serverErrors,
  ],
  ['The command line', 'Printed by `topgun`.', cliErrors],
  ['Simulations', 'Thrown by `simulate` and `shrink` of `@topgun/sim` before a run begins.', simErrors],
];

describe('docs/guides/errors.md', () => {
  it('lists every code of every table with its remedy', async () => {
    const tables = sections.map(
      ([title, text, table]) =>
        `## ${title}\n\n${text}\n\n| code | retriable | what to do |\n|---|---|---|\n${rowsOf(table)}\n`,
    );
    await expect([intro, ...tables, closeSection()].join('\n')).toMatchFileSnapshot(
      '../docs/guides/errors.md',
    );
  });
});

function rowsOf(table: Table): string {
  return Object.entries(table)
    .map(
      ([code, info]) => `| \`${code}\` | ${info.retriable === true ? 'yes' : 'no'} | ${cell(info.remedy)} |`,
    )
    .join('\n');
}

function closeSection(): string {
  const rows = Object.entries(closeCodes).map(
    ([code, info]) => `| ${code} | ${cell(info.meaning)} | ${info.reconnect ? 'yes' : 'no'} |`,
  );
  const text = 'Why a WebSocket was closed, and whether the client connects again by itself.';
  return `## Close codes\n\n${text}\n\n| code | meaning | reconnects |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
