import type { RegexEngine } from '@topgun/core';
import { compileProgram, STATES_BYTES_MAX } from './regex/compileProgram.js';
import { Programs } from './regex/Programs.js';

/** Compiled expressions that a process keeps: with their states at most 128 MiB. */
const PROGRAMS_MAX = (128 * 1024 * 1024) / STATES_BYTES_MAX;

const programs = new Programs(PROGRAMS_MAX, (key) => {
  const end = key.indexOf('/');
  return compileProgram(key.slice(end + 1), key.slice(0, end));
});

/**
 * Regular expressions in linear time, of RE2's syntax: no look-around, no back-references, no backtracking. For
 * `new TopGunClient({ …, regex: linearRegex })`; servers bring it along.
 *
 * A match costs at most text × size of the program, which has at most 500 instructions; `compile` throws on what is larger,
 * and on what is no expression. The flags are those of core's `RegexEngine`.
 */
export const linearRegex: RegexEngine = {
  compile(pattern, flags) {
    const key = `${flags}/${pattern}`;
    // Refused here and now, not at the first row. The program itself may be forgotten and made anew.
    programs.of(key);
    return (text) => programs.of(key).test(text);
  },
};
