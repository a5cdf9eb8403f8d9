import type { Finding } from '../Finding.js';

/** A code fence of a Markdown document: one module, compiled with strict checks when it is TypeScript. */
export interface Fence {
  /** The document, relative to the root. */
  readonly file: string;
  /** Line of the document on which the code begins, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** Where the reader is told to save it (`file=src/data.ts`): other fences of the document may import it from there. */
  readonly savedAs?: string;
  /** Whether it is also executed, against a server of its own. */
  readonly isRun: boolean;
  readonly code: string;
}

/** Languages that are compiled. */
const COMPILED: ReadonlySet<string> = new Set(['ts', 'tsx']);

/** Languages that are not code of ours. JavaScript is none of them: it would be TypeScript that nobody checks. */
const PLAIN: ReadonlySet<string> = new Set(['sh', 'json', 'text', 'html', 'css', 'yaml']);

/** Languages that can be run: TypeScript by Node, sh by sh, a page by a browser. */
const RUN: ReadonlySet<string> = new Set([...COMPILED, 'sh', 'html']);

export const isCompiled = (fence: Fence): boolean => COMPILED.has(fence.language);

interface Opening {
  readonly indent: number;
  readonly marker: string;
  readonly info: string;
}

/** All fences of a document in their order, and what is wrong with their opening lines. */
export function readFences(
  file: string,
  text: string,
): { readonly fences: readonly Fence[]; readonly findings: readonly Finding[] } {
  const lines = text.split(/\r?\n/);
  const fences: Fence[] = [];
  const findings: Finding[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const opening = openingOf(lines[at] ?? '');
    if (opening === undefined) continue;
    const end = closingAfter(lines, at, opening);
    if (end === undefined) {
      findings.push({ rule: 'fence-open', file, line: at + 1, message: 'this fence is never closed' });
      break;
    }
    const code = lines.slice(at + 1, end).map((line) => withoutIndent(line, opening.indent));
    const { fence, faults } = described(opening.info, { file, line: at + 2, code: `${code.join('\n')}\n` });
    fences.push(fence);
    findings.push(...faults.map((message) => ({ rule: 'fence-language', file, line: at + 1, message })));
    at = end;
  }
  return { fences, findings };
}

function openingOf(line: string): Opening | undefined {
  const [, blank = '', marker, info = ''] = /^([ \t>]*)(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
  // A backtick in the rest makes it code inside a sentence.
  return marker === undefined || (marker.startsWith('`') && info.includes('`'))
    ? undefined
    : { indent: blank.length, marker, info: info.trim() };
}

function closingAfter(lines: readonly string[], from: number, { marker }: Opening): number | undefined {
  for (let at = from + 1; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').replace(/^[ \t>]+/, '').trimEnd();
    if (line.startsWith(marker) && line === marker.charAt(0).repeat(line.length)) return at;
  }
  return undefined;
}

function withoutIndent(line: string, indent: number): string {
  const blank = /^[ \t>]*/.exec(line)?.[0].length ?? 0;
  return line.slice(Math.min(blank, indent));
}

function described(
  info: string,
  where: { readonly file: string; readonly line: number; readonly code: string },
): { readonly fence: Fence; readonly faults: readonly string[] } {
  const [language = '', ...words] = info.split(/\s+/);
  const savedAs = words.find((word) => word.startsWith('file='))?.slice('file='.length);
  const fence = { ...where, language, isRun: words.includes('run'), ...(savedAs && { savedAs }) };
  const unknown = words.filter((word) => word !== 'run' && !/^file=./.test(word));
  const faults = unknown.map((word) => `"${word}" means nothing here; a fence takes run and file=<path>`);
  if (!COMPILED.has(language) && !PLAIN.has(language)) {
    const allowed = [...COMPILED, ...PLAIN].join(', ');
    faults.push(`the language is ${language === '' ? 'missing' : `"${language}"`}; use one of: ${allowed}`);
  } else if (fence.isRun && !RUN.has(language)) {
    faults.push(`only ${[...RUN].join(', ')} can be run`);
  }
  return { fence, faults };
}
