import { fileURLToPath } from 'node:url';

const clock = fileURLToPath(new URL('clock.mjs', import.meta.url));

/** How to start a Node process in which today is `day` days from now. */
export function clockOf(day: number): { readonly execArgv: string[]; readonly env: NodeJS.ProcessEnv } {
  return { execArgv: ['--import', clock], env: { ...process.env, TEST_CLOCK_DAYS: String(day) } };
}
