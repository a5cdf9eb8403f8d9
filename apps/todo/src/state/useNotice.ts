import { useCallback, useEffect, useMemo, useState } from 'react';

/** Long enough to read and reach for Undo; the clock stands still while the notice has pointer or focus. */
const NOTICE_MS = 8000;

export type Notice = {
  readonly id: number;
  readonly text: string;
  readonly tone: 'plain' | 'problem';
  readonly undo?: () => void;
};

export type NoticeHandle = {
  readonly notice: Notice | undefined;
  readonly show: (text: string, options?: { undo?: () => void; tone?: Notice['tone'] }) => void;
  readonly dismiss: () => void;
  readonly hold: (held: boolean) => void;
};

let lastId = 0;

/** One notice at a time; a newer one replaces the older, whose undo goes with it. */
export function useNotice(): NoticeHandle {
  const [notice, setNotice] = useState<Notice>();
  const [held, setHeld] = useState(false);

  const show = useCallback<NoticeHandle['show']>((text, options = {}) => {
    lastId += 1;
    setHeld(false);
    setNotice({
      id: lastId,
      text,
      tone: options.tone ?? 'plain',
      ...(options.undo === undefined ? {} : { undo: options.undo }),
    });
  }, []);
  const dismiss = useCallback(() => setNotice(undefined), []);

  useEffect(() => {
    if (notice === undefined || held) return;
    const timer = setTimeout(() => setNotice(undefined), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice, held]);

  return useMemo(() => ({ notice, show, dismiss, hold: setHeld }), [notice, show, dismiss]);
}
