import { type Command, Option } from 'commander';
import * as z from 'zod';
import { askServer, jsonOf } from '../askServer.js';
import type { CliIo } from '../CliIo.js';
import { type ExitCode, exitCodes } from '../exitCodes.js';
import { accessText, consideredLine } from '../policy/accessText.js';
import { unmet } from '../policy/expectations.js';
import { gateOf, jsonIn, principalOf, readPolicies, textOf } from '../policy/policyFile.js';
import { DEFAULT_URL } from '../serverAddress.js';

interface TestOptions {
  readonly as?: string;
  readonly map?: string;
  readonly action?: 'READ' | 'PUT' | 'REMOVE';
  readonly record?: string;
  readonly old?: string;
  readonly expect?: string;
  readonly json?: boolean;
}

interface WhyOptions {
  readonly sub?: string;
  readonly map?: string;
  readonly limit: string;
  readonly json?: boolean;
  readonly url: string;
  readonly token?: string;
}

const denialsSchema = z.looseObject({
  denials: z.array(
    z.looseObject({
      atMs: z.number(),
      count: z.number(),
      sub: z.string(),
      roles: z.array(z.string()),
      action: z.string(),
      map: z.string(),
      key: z.string().optional(),
      path: z.string().optional(),
      considered: z.array(
        z.looseObject({
          at: z.number(),
          name: z.string().optional(),
          role: z.string(),
          map: z.string(),
          reason: z.enum(['role', 'action', 'mask', 'fields', 'before', 'after', 'allows']),
        }),
      ),
    }),
  ),
});

export function addPolicyCommand(program: Command, io: CliIo, done: (code: ExitCode) => void): void {
  const policy = program
    .command('policy')
    .summary('Check and try policies; ask a server why somebody was denied.')
    .description(
      'Checks policies before they are used, tries them, and asks a running server why it denied something.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun policy check policies.json\n  $ topgun policy test policies.json --expect expectations.json\n  $ topgun policy why --sub ann\n',
    );
  addCheck(policy, io);
  addTest(policy, io, done);
  addWhy(policy, io);
}

function addCheck(policy: Command, io: CliIo): void {
  policy
    .command('check')
    .summary('Say whether a file of policies can be used.')
    .description(
      'Checks a policies file, or the policies of a config file, as a server does. A fault is told with its place.',
    )
    .argument('<file>', 'JSON file.')
    .addHelpText('after', '\nExamples:\n  $ topgun policy check policies.json\n')
    .action(async (file: string) => {
      const { length } = await readPolicies(file, io.cwd);
      io.out(`${length} ${length === 1 ? 'policy' : 'policies'} in order\n`);
    });
}

function addTest(policy: Command, io: CliIo, done: (code: ExitCode) => void): void {
  policy
    .command('test')
    .summary('Say what policies allow, and why.')
    .description(
      'Says whether somebody may do something under the policies of a file, what is seen or would be stored, and what became of each policy that names the map. With --expect it holds the policies against a table of such questions.',
    )
    .argument('<file>', 'JSON file with policies, or a config file.')
    .option('--as <claims>', 'JSON object with the claims of a token: sub, roles and any others.')
    .option('--map <name>', 'Map; a topic is the map topic:<name>.')
    .addOption(new Option('--action <name>', 'What is to be done.').choices(['READ', 'PUT', 'REMOVE']))
    .option('--record <json>', 'READ: the row; PUT: what is to be put.')
    .option('--old <json>', 'PUT, REMOVE: the row as it stands; none when left out.')
    .option('--expect <file>', 'JSON list of { name?, as, map, action, old?, record?, allowed, value? }.')
    .option('--json', 'Print one JSON object.')
    .addHelpText(
      'after',
      '\nExit code 3 when it is denied, or an expectation is not met.\n\nExamples:\n  $ topgun policy test policies.json --as \'{"sub":"ann","roles":["USER"]}\' --map todos --action READ --record \'{"by":"ben"}\'\n  $ topgun policy test policies.json --expect expectations.json\n',
    )
    .action(async (file: string, options: TestOptions, command: Command) => {
      const { as, map, action, record, old, expect } = options;
      if (expect === undefined && (as === undefined || map === undefined || action === undefined))
        return command.error('error: name --as, --map and --action, or --expect');
      const gate = gateOf(await readPolicies(file, io.cwd));
      if (expect !== undefined) {
        const { count, lines } = unmet(gate, jsonIn(await textOf(expect, io.cwd), expect));
        io.out(lines.length === 0 ? `${count} of ${count} met\n` : `${lines.join('\n')}\n`);
        return done(lines.length === 0 ? exitCodes.ok : exitCodes.unhealthy);
      }
      const row = (text: string | undefined, what: string): unknown =>
        text === undefined ? undefined : jsonIn(text, what);
      const next = row(record, '--record');
      const stands = row(old, '--old');
      const asked = action as 'READ' | 'PUT' | 'REMOVE';
      const access = gate.explain(map as string, {
        principal: principalOf(jsonIn(as as string, '--as')),
        action: asked,
        old: asked === 'PUT' ? stands : (stands ?? next),
        next,
      });
      io.out(options.json ? `${JSON.stringify(access)}\n` : accessText(access, asked));
      done(access.allowed ? exitCodes.ok : exitCodes.unhealthy);
    });
}

function addWhy(policy: Command, io: CliIo): void {
  policy
    .command('why')
    .summary('Show what a running server denied lately, and why.')
    .description(
      'Shows the last denials of a running server, the newest first: when, who, what, and what became of each policy that names the map. For the role ADMIN.',
    )
    .option('--sub <subject>', 'Only those of this subject.')
    .option('--map <name>', 'Only those on this map.')
    .option('--limit <count>', 'Denials at most.', '20')
    .option('--json', 'Print one JSON object per line.')
    .option('--url <address>', 'Address of the server.', DEFAULT_URL)
    .option('--token <token>', 'Token with the role ADMIN (TOPGUN_TOKEN).')
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun policy why\n  $ topgun policy why --sub ann --map todos --json\n',
    )
    .action(async (options: WhyOptions) => {
      const { sub, map, limit, json, url, token = io.env.TOPGUN_TOKEN } = options;
      const query = new URLSearchParams({ ...(sub && { sub }), ...(map && { map }), limit });
      const answer = await askServer({ url, token }, `/api/denials?${query}`);
      const { denials } = await jsonOf(answer, denialsSchema);
      if (denials.length === 0 && !json) io.out('nothing was denied\n');
      for (const denial of denials) io.out(json ? `${JSON.stringify(denial)}\n` : denialText(denial));
    });
}

function denialText(denial: z.output<typeof denialsSchema>['denials'][number]): string {
  const { atMs, count, sub, roles, action, map, key, path, considered } = denial;
  const place = `${key === undefined ? '' : `, key ${JSON.stringify(key)}`}${path === undefined ? '' : `, at ${path} of a query`}`;
  const times = count === 1 ? '' : `, ${count} times`;
  const head = `${new Date(atMs).toISOString()}  ${sub} (${roles.join(', ')})  ${action} ${map}${place}${times}`;
  const why =
    considered.length === 0 ? ['no policy names this map for these claims'] : considered.map(consideredLine);
  return `${[head, ...why.map((line) => `  ${line}`)].join('\n')}\n`;
}
