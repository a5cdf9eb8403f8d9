import type { Command } from 'commander';
import pc from 'picocolors';
import * as z from 'zod';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { type ExitCode, exitCodes } from '../exitCodes.js';
import { DEFAULT_URL } from '../serverAddress.js';

/** How long a server may take to answer before it counts as unreachable. */
const ANSWER_MS = 5000;

const answerSchema = z.looseObject({
  version: z.string(),
  state: z.string(),
  uptimeMs: z.number(),
  connections: z.number(),
  /** only for an administrator */
  time: z
    .looseObject({
      source: z.string(),
      server: z.string().optional(),
      offsetMs: z.number(),
      problem: z.string().optional(),
    })
    .optional(),
  /** only for an administrator */
  maps: z
    .array(
      z.looseObject({ name: z.string(), kind: z.string(), items: z.number(), root: z.number().optional() }),
    )
    .optional(),
});

type Answer = z.infer<typeof answerSchema>;

export function addStatusCommand(program: Command, io: CliIo, done: (code: ExitCode) => void): void {
  program
    .command('status')
    .summary('Ask a running server how it is.')
    .description('Asks a running server how it is: readiness, connections, and each map with its live root.')
    .option('--url <address>', 'Address of the server.', DEFAULT_URL)
    .option('--token <token>', 'Token with the role ADMIN, which is told about the maps too (TOPGUN_TOKEN).')
    .option('--json', 'Print the answer as the server gave it.')
    .addHelpText(
      'after',
      '\nExit code 0 when the server is ready, 3 when it is not or cannot be reached.\n\nExamples:\n  $ topgun status\n  $ topgun status --url https://data.example.org --json\n',
    )
    .action(async (options: { url: string; token?: string; json?: boolean }) => {
      const text = await fetchStatus(options.url, options.token ?? io.env.TOPGUN_TOKEN);
      const answer = parseAnswer(text, options.url);
      io.out(options.json === true ? `${text.trim()}\n` : describe(answer, options.url, io));
      done(answer.state === 'READY' ? exitCodes.ok : exitCodes.unhealthy);
    });
}

async function fetchStatus(url: string, token: string | undefined): Promise<string> {
  if (!/^https?:$/.test(protocolOf(url))) throw cliError('URL_INVALID', `--url is "${url}".`);
  let response: Response;
  try {
    response = await fetch(new URL('/api/status', url), {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    });
  } catch (error) {
    throw cliError('SERVER_UNREACHABLE', `No server answers at ${url}.`, error);
  }
  if (!response.ok) throw cliError('SERVER_ANSWER', `${url}/api/status answered ${response.status}.`);
  return await response.text();
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

function parseAnswer(text: string, url: string): Answer {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch (error) {
    throw cliError('SERVER_ANSWER', `The answer of ${url}/api/status is not that of a TopGun server.`, error);
  }
}

function describe(answer: Answer, url: string, io: CliIo): string {
  const colors = pc.createColors(io.color);
  const state = answer.state === 'READY' ? colors.green('ready') : colors.yellow(answer.state.toLowerCase());
  const lines = [
    `${colors.bold('TopGun')} ${answer.version} at ${url}: ${state}`,
    `  up           ${upTime(answer.uptimeMs)}`,
    `  connections  ${answer.connections}`,
    ...(answer.time === undefined ? [] : [`  time         ${timeOf(answer.time)}`]),
    ...(answer.maps === undefined ? [] : [`  maps         ${answer.maps.length}`]),
    ...(answer.maps ?? []).map(
      ({ name, kind, items, root }) =>
        `    ${name}  ${kind}  ${count(items)}${root === undefined ? '' : `  root ${root.toString(16)}`}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function timeOf({ source, server, offsetMs, problem }: NonNullable<Answer['time']>): string {
  const from = server === undefined ? 'the local clock' : `${server}, offset ${offsetMs} ms`;
  if (source === 'ntp') return from;
  return problem === undefined ? from : `${from} (${problem})`;
}

function count(items: number): string {
  return items === 1 ? '1 item' : `${items} items`;
}

function upTime(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
