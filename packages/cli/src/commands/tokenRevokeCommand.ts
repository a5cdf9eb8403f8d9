import type { Command } from 'commander';
import * as z from 'zod';
import { askServer, jsonOf } from '../askServer.js';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { DEFAULT_URL } from '../serverAddress.js';

interface Options {
  readonly jti?: string;
  readonly sub?: string;
  readonly before?: string;
  readonly url: string;
  readonly token?: string;
}

export function addTokenRevokeCommand(program: Command, io: CliIo): void {
  program
    .command('token:revoke')
    .summary('Have a running server refuse a token, or all of a subject.')
    .description(
      'Has a running server refuse one token by its id, or all tokens of a subject issued so far. Their sessions end at once; tokens issued later are good.',
    )
    .option('--jti <id>', 'Id of the token (its claim jti).')
    .option('--sub <subject>', 'Subject of the tokens (their claim sub).')
    .option('--before <time>', 'With --sub: only those issued before this time, ISO 8601. Default: now.')
    .option('--url <address>', 'Address of the server.', DEFAULT_URL)
    .option('--token <token>', 'Token with the role ADMIN (TOPGUN_TOKEN).')
    .addHelpText(
      'after',
      '\nExamples:\n  $ topgun token:revoke --sub ada\n  $ topgun token:revoke --jti 3f1c… --url https://data.example.org\n',
    )
    .action(async (options: Options) => {
      const { jti, sub, before, url } = options;
      if ((jti === undefined) === (sub === undefined) || (jti !== undefined && before !== undefined))
        throw cliError('REVOKE_WHAT', 'Name either a token or a subject.');
      const target = { url, token: options.token ?? io.env.TOPGUN_TOKEN };
      const answer = await askServer(
        target,
        '/api/auth/revoke',
        'POST',
        jti === undefined ? { sub, before } : { jti },
      );
      await jsonOf(answer, z.looseObject({ revoked: z.literal(true) }));
      const what = jti === undefined ? `Tokens of ${sub}` : `The token ${jti}`;
      io.out(`${what} ${jti === undefined ? 'are' : 'is'} refused from now on.\n`);
    });
}
