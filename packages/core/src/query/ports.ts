/** Makes matchers of regular expressions, in time that grows no faster than the text. */
export interface RegexEngine {
  /**
   * A matcher that says whether the expression is found anywhere in a text. `flags` are some of `i` (case), `m` (lines)
   * and `s` (dot takes newlines). Throws on an expression it does not take, with what is wrong as the message.
   */
  compile(pattern: string, flags: string): (text: string) => boolean;
}

/** What a query may need that core does not bring along. */
export interface QueryPorts {
  /** For `regex`; `linearRegex` of `@topgun/search/regex` is one. A query with `regex` and without an engine is refused. */
  readonly regex?: RegexEngine;
}

export const NO_PORTS: QueryPorts = {};
