import type { Command } from 'commander';
import * as z from 'zod';
import { askServer, jsonOf, type ServerTarget } from '../askServer.js';
import type { CliIo } from '../CliIo.js';
import { DEFAULT_URL } from '../serverAddress.js';

const listSchema = z.looseObject({
  subscriptions: z.array(
    z.looseObject({
      id: z.string(),
      url: z.string(),
      maps: z.array(z.string()),
      topics: z.array(z.string()),
      by: z.string(),
      waiting: z.number(),
      dropped: z.number(),
      goneAt: z.string().optional(),
    }),
  ),
});
const deadSchema = z.looseObject({
  dead: z.array(
    z.looseObject({
      id: z.string(),
      subscription: z.string(),
      at: z.string(),
      deadAt: z.string(),
      tries: z.number(),
      fault: z.string().optional(),
      bytes: z.number(),
    }),
  ),
});

interface Options {
  readonly url: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** `topgun webhook:list`, `webhook:dead` and `webhook:replay` (HOOK-37). */
export function addWebhookCommands(program: Command, io: CliIo): void {
  const command = (name: string, summary: string, description: string, example: string): Command =>
    program
      .command(name)
      .summary(summary)
      .description(description)
      .option('--url <address>', 'Address of the server.', DEFAULT_URL)
      .option('--token <token>', 'Token with the role ADMIN (TOPGUN_TOKEN).')
      .addHelpText('after', `\nExample:\n  $ topgun ${example}\n`);
  const target = ({ url, token = io.env.TOPGUN_TOKEN }: Options): ServerTarget => ({ url, token });
  const json = 'Print the answer as the server gave it.';

  command(
    'webhook:list',
    'List the addresses that a server tells of events.',
    'Lists the addresses that a server tells of writes and messages, with what waits for each. They are made with POST /api/webhooks.',
    'webhook:list --url https://data.example.org',
  )
    .option('--json', json)
    .action(async (options: Options) => {
      const answer = await jsonOf(await askServer(target(options), '/api/webhooks'), listSchema);
      io.out(options.json === true ? `${JSON.stringify(answer)}\n` : listText(answer));
    });
  command(
    'webhook:dead',
    'List the deliveries that a server has given up.',
    'Lists the deliveries that have failed ten times, or whose address said that it is gone, the oldest first.',
    'webhook:dead --url https://data.example.org',
  )
    .option('--json', json)
    .action(async (options: Options) => {
      const answer = await jsonOf(await askServer(target(options), '/api/webhooks/dead'), deadSchema);
      io.out(options.json === true ? `${JSON.stringify(answer)}\n` : deadText(answer));
    });
  command(
    'webhook:replay',
    'Send a delivery again that was given up.',
    'Sends a dead letter again, with the same id and the whole schedule of tries. An address that was gone is enabled first, with POST /api/webhooks/<id>/enable.',
    'webhook:replay msg_5f0c2d9b1e7a4c83_mb3k2v9x_1',
  )
    .argument('<id>', 'Id of the delivery, as webhook:dead lists it.')
    .action(async (id: string, options: Options) => {
      await askServer(target(options), `/api/webhooks/dead/${encodeURIComponent(id)}/replay`, 'POST');
      io.out(`${id} waits to be sent again.\n`);
    });
}

function listText({ subscriptions }: z.infer<typeof listSchema>): string {
  if (subscriptions.length === 0) return 'No address is told of events.\n';
  return subscriptions
    .map(({ id, url, maps, topics, by, waiting, dropped, goneAt }) =>
      [
        `${id}  ${url}${goneAt === undefined ? '' : `  gone since ${goneAt}`}`,
        ...(maps.length === 0 ? [] : [`  maps     ${maps.join(', ')}`]),
        ...(topics.length === 0 ? [] : [`  topics   ${topics.join(', ')}`]),
        `  sees     what ${by} may see`,
        `  waiting  ${waiting}${dropped === 0 ? '' : `, ${dropped} dropped since the start of the server`}\n`,
      ].join('\n'),
    )
    .join('');
}

function deadText({ dead }: z.infer<typeof deadSchema>): string {
  if (dead.length === 0) return 'There are no dead letters.\n';
  return dead
    .map(
      ({ id, subscription, at, deadAt, tries, fault = 'unknown' }) =>
        `${id}  of ${at}, given up ${deadAt}\n  to     ${subscription}\n  tries  ${tries}\n  fault  ${fault}\n`,
    )
    .join('');
}
