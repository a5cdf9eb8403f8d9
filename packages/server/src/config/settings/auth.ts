import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { setting, text } from './setting.js';

/** One policy as it stands in a config file; the gate reads the same shape. */
export const policySchema = z.strictObject({
  role: z.string().min(1),
  map: z.string().min(1),
  actions: z.array(z.enum(['READ', 'PUT', 'REMOVE'])).min(1),
  where: z.looseObject({ op: z.string() }).optional(),
  fields: z.array(z.string().min(1)).min(1).optional(),
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
    'File with the RSA public key (PEM) of RS256 tokens.',
  ),
  jwtIssuer: setting(text.optional(), 'text', 'a string', 'Tokens must name this issuer (iss).'),
  jwtAudience: setting(text.optional(), 'text', 'a string', 'Tokens must name this audience (aud).'),
  policies: setting(
    z.array(policySchema).default([]),
    'file only',
    'a list of { role, map, actions, where?, fields? }',
    'Who may do what; nothing is allowed that no policy allows.',
  ),
  policiesFile: setting(text.optional(), 'text', 'a path', 'JSON file with more policies.'),
} as const;
