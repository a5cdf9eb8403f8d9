import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';

/**
 * One line of the input. At a terminal the prompt is shown and what is typed is not; from a pipe the line is read as it is.
 * Empty when the input ends before.
 */
export function readSecret(
  input: Readable & { readonly isTTY?: boolean },
  prompts: Writable,
  prompt: string,
): Promise<string> {
  const isTerminal = input.isTTY === true;
  // Readline echoes to its output; this one shows nothing.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: isTerminal });
  if (isTerminal) prompts.write(prompt);
  return new Promise((resolve) => {
    let line = '';
    lines.once('line', (text) => {
      line = text;
      lines.close();
    });
    lines.once('close', () => {
      if (isTerminal) prompts.write('\n');
      resolve(line);
    });
  });
}
