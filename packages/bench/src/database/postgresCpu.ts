import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds of a PostgreSQL since its start: of its main process, its children, and those that have ended. Linux only. */
export function postgresCpu(mainProcess: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = fieldsOf(name);
    if (fields === undefined || (Number(name) !== mainProcess && Number(fields[1]) !== mainProcess)) continue;
    const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map(Number);
    ticks += (user ?? 0) + (system ?? 0) + (endedUser ?? 0) + (endedSystem ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Behind the name of the program, which may hold anything: state, parent, …; user and system time are the 12th and 13th. */
function fieldsOf(process: string): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${process}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    // It has ended since the folder was read.
    return undefined;
  }
}
