import { RE2JS } from 're2js';
import { sizeBound } from './sizeBound.js';

/** The largest program of one expression, in instructions: what a match costs at most per character. */
export const PROGRAM_MAX = 500;

/** What `sizeBound` may say: it is rough, and what is compiled is measured again. */
const BOUND_MAX = 4 * PROGRAM_MAX;

/** States that a program remembers, in bytes as RE2JS counts them; it forgets them all when they are more. */
export const STATES_BYTES_MAX = 512 * 1024;

const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

/** An expression made ready. Throws on what is no expression, and on what is too large. */
export function compileProgram(pattern: string, flags: string): RE2JS {
  if (sizeBound(pattern) > BOUND_MAX) throw tooLarge();
  let bits = 0;
  for (const flag of flags) bits |= FLAGS[flag] ?? 0;
  const program = RE2JS.compile(pattern, bits);
  const compiled = program.re2();
  if (compiled.numberOfInstructions() > PROGRAM_MAX) throw tooLarge();
  compiled.dfa.stateBudget = STATES_BYTES_MAX;
  compiled.dfa.memBudget = STATES_BYTES_MAX;
  return program;
}

const tooLarge = (): Error => new Error(`the expression is larger than ${PROGRAM_MAX} instructions.`);
