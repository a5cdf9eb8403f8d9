/** Jobs for the tests of the pool: what goes well, what goes wrong, and what never ends. */
export async function work({ job, input }) {
  if (input === 'exit') process.exit(7);
  if (input === 'throw') throw new Error('a mistake');
  if (input === 'corrupt') return { code: 'STORE_CORRUPT', message: 'page 3 is damaged' };
  if (input === 'hang') await new Promise(() => setInterval(() => undefined, 1_000));
  return { result: `${job} of ${input}` };
}
