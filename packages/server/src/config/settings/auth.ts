import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { STANDARD_ISSUANCE } from '../../security/keys/configuredKeys.js';
import { ALGORITHMS } from '../../security/keys/TokenKey.js';
import { setting, text, wholeNumber } from './setting.js';

/** One policy as it stands in a config file; the gate reads the same shape. */
export const policySchema = z.strictObject({
  name: z.string().min(1).max(64).optional(),
  role: z.string().min(1),
  map: z.string().min(1),
  actions: z.array(z.enum(['READ', 'PUT', 'REMOVE'])).min(1),
  where: z.looseObject({ op: z.string() }).optional(),
  fields: z.array(z.string().min(1)).min(1).optional(),
});

/** One key as it stands in a config file. */
const keySchema = z.strictObject({
  kid: z.string().min(1).max(LIMITS.tokenNameChars).optional(),
  alg: z.enum(ALGORITHMS),
  secretFile: text.optional(),
  publicKeyFile: text.optional(),
  issuer: text.optional(),
  audience: text.optional(),
});

/** How tokens are checked, and who may do what. */
export const authSettings = {
  jwtSecret: setting(
    text.optional(),
    'text',
    `${LIMITS.secretBytes} bytes or more`,
    'Secret of HS256 tokens.',
    { secret: true },
  ),
  jwtSecretFile: setting(text.optional(), 'text', 'a path', 'File that holds the secret of HS256 tokens.'),
  jwtPublicKeyFile: setting(
    text.optional(),
    'text',
    'a path',
    'File with the public key (PEM) of RS256, ES256 or EdDSA tokens.',
  ),
  keys: setting(
    z.array(keySchema).max(LIMITS.authKeys).default([]),
    'file only',
    'a list of { kid?, alg: HS256, RS256, ES256 or EdDSA, secretFile or publicKeyFile, issuer?, audience? }',
    'More keys of tokens, for changing keys and for several issuers.',
  ),
  jwksUrl: setting(
    text.optional(),
    'text',
    'an https address, or http on this machine',
    'Where an issuer publishes the public keys of its tokens (JWKS).',
  ),
  jwtIssuer: setting(
    text.default(STANDARD_ISSUANCE.issuer),
    'text',
    'a string',
    'Tokens must name this issuer (iss).',
  ),
  jwtAudience: setting(
    text.default(STANDARD_ISSUANCE.audience),
    'text',
    'a string',
    'Tokens must name this audience (aud).',
  ),
  tokenHoursMax: setting(
    wholeNumber(1, 87_840, LIMITS.tokenHours),
    'number',
    'hours from 1 to 87840',
    'Longest time from the issue of a token to its end, in hours.',
  ),
  operatorsFile: setting(
    text.optional(),
    'text',
    'a path',
    'JSON file with the operators, as `topgun operator:add` writes it; auth/operators.json in the data folder when left out.',
  ),
  policies: setting(
    z.array(policySchema).default([]),
    'file only',
    'a list of { name?, role, map, actions, where?, fields? }',
    'Who may do what; nothing is allowed that no policy allows.',
  ),
  policiesFile: setting(
    text.optional(),
    'text',
    'a path',
    'JSON file with more policies, taken over within seconds when it changes.',
  ),
} as const;
