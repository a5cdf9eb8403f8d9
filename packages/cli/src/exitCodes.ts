/** What the process says when it ends. Scripts may rely on these numbers; they never change their meaning. */
export const exitCodes = {
  ok: 0,
  /** the command could not do what it was asked */
  failure: 1,
  /** the command line or a setting is wrong: unknown command or option, missing or malformed value */
  usage: 2,
  /** the answer is "no": the server is down or not ready, or `doctor` found a fault */
  unhealthy: 3,
  /** a fault of topgun itself */
  internal: 70,
  /** a second Ctrl-C (128 + SIGINT) or SIGTERM (128 + SIGTERM) cut the shutdown short */
  forcedInt: 130,
  forcedTerm: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** By the signal that cut the shutdown short. */
export const forcedCodes = { SIGINT: exitCodes.forcedInt, SIGTERM: exitCodes.forcedTerm } as const;
