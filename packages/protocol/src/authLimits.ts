/** Those limits that keys, tokens and operators have; part of `allLimits.ts`. */

const KIB = 1024;

/** count: keys that check tokens, named in the settings: several issuers, each with the next key beside the present one */
export const authKeys = 32;
/** count: keys of one algorithm that a token without a known name is tried with: what a stranger's token may cost */
export const unnamedKeysPerAlg = 4;
/** chars: name of a key, id of a token */
export const tokenNameChars = 256;
/** ms: how far the clocks of issuers may be ahead */
export const issuerSkewMs = 5_000;
/** count: default: hours from the issue of a token to its end: revocations need not be remembered longer */
export const tokenHours = 8_784;
/** bytes: a JWKS answer: 100 keys of 4096 bits */
export const jwksBytes = 64 * KIB;
/** count: keys taken from a JWKS */
export const jwksKeys = 100;
/** ms: time for a JWKS to arrive */
export const jwksFetchMs = 5_000;
/** ms: after which a JWKS is fetched again */
export const jwksRefreshMs = 300_000;
/** ms: least time between two fetches of a JWKS, whatever tokens ask for */
export const jwksCooldownMs = 30_000;
/** ms: how long keys are used whose JWKS cannot be fetched any more */
export const jwksStaleMs = 86_400_000;
/** ms: how often files with keys and operators are looked at */
export const keyFilesEveryMs = 5_000;
/** ms: time to renew a token whose key was withdrawn */
export const withdrawnGraceMs = 5_000;
/** ms: how long before the end of its token a session is asked to renew it, at most */
export const renewLeadMs = 60_000;
/** ms: pause between two such requests */
export const renewEveryMs = 15_000;
/** count: revocations remembered: some 30 MB */
export const revocations = 100_000;
/** count: people who run a server */
export const operators = 1_000;
/** count: roles of one of them: fits a token */
export const rolesPerOperator = 32;
/** ms: life of an operator's token: what somebody who lost the right can still do with it */
export const operatorTokenMs = 900_000;
/** ms: how long an operator's token is renewed without the password: a day of work */
export const operatorSessionMs = 43_200_000;
/** count: failed logins for a name from one address within loginNameMs */
export const loginsPerName = 5;
/** ms: see loginsPerName */
export const loginNameMs = 900_000;
/** count: failed logins from one address within loginAddressMs */
export const loginsPerAddress = 50;
/** ms: see loginsPerAddress */
export const loginAddressMs = 3_600_000;
/** count: passwords checked at once: 32 MB and a thread for a quarter of a second each */
export const passwordsAtOnce = 4;
/** bytes: body of a request that signs in, revokes, or gives the cluster an order */
export const authBodyBytes = 4 * KIB;
