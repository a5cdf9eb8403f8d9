import type { RegexEngine } from '../ports.js';

/** The platform's own expressions, good enough to see what core does with an engine. */
export const backtracking: RegexEngine = {
  compile: (pattern, flags) => {
    const regex = new RegExp(pattern, flags);
    return (text) => regex.test(text);
  },
};
