import { useCallback, useRef, useState } from 'react';
import type { LogLine } from '../api/answers.js';
import { usePolled } from '../api/usePolled.js';
import { timeOf } from '../components/formats.js';
import { Notice } from '../components/Notice.js';
import { useApi } from '../session/SessionContext.js';

const EVERY_MS = 1_500;
/** Lines kept on the page. */
const KEPT = 500;

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** What the server logs, as it logs it. */
export function Logs() {
  const api = useApi();
  const after = useRef(0);
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const ask = useCallback(async () => {
    const answer = await api.get<{ lines: readonly LogLine[]; next: number }>(
      `/api/logs?after=${after.current}`,
    );
    after.current = answer.next;
    if (answer.lines.length > 0) setLines((before) => [...before, ...answer.lines].slice(-KEPT));
    return answer.next;
  }, [api]);
  const { error } = usePolled(ask, EVERY_MS);
  return (
    <>
      <Notice error={error} />
      {lines.length === 0 && <p className="quiet empty">Nothing was logged yet.</p>}
      <ol className="log mono" aria-label="Log">
        {[...lines].reverse().map((line, at) => (
          // Lines have no name of their own, and only their place from the end stays.
          <li key={lines.length - at} data-level={levelOf(line)}>
            <LineText line={line} />
          </li>
        ))}
      </ol>
    </>
  );
}

const levelOf = ({ level }: LogLine): string =>
  typeof level === 'number' ? (LEVELS[level] ?? String(level)) : String(level ?? 'info');

function LineText({ line }: { readonly line: LogLine }) {
  const { level: _, time, msg, pid: _pid, hostname: _host, ...rest } = line;
  return (
    <>
      <time>{typeof time === 'number' ? timeOf(time) : String(time ?? '')}</time> <b>{levelOf(line)}</b>{' '}
      {String(msg ?? '')}{' '}
      <span className="quiet">{Object.keys(rest).length > 0 ? JSON.stringify(rest) : ''}</span>
    </>
  );
}
