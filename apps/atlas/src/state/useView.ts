import { useCallback, useEffect, useState } from 'react';
import { hashToView, type View, viewToHash } from './view.js';

/**
 * The view named by the address, and a way to change parts of it. Another country is a new entry of the browser's
 * history; typing, bounds and order only rewrite the current one.
 */
export function useView(): readonly [View, (change: Partial<View>) => void] {
  const [view, setView] = useState(() => hashToView(location.hash));
  useEffect(() => {
    const read = () => setView(hashToView(location.hash));
    addEventListener('popstate', read);
    return () => removeEventListener('popstate', read);
  }, []);
  const change = useCallback((part: Partial<View>) => {
    const next = { ...hashToView(location.hash), ...part };
    if (part.country === undefined) history.replaceState(null, '', viewToHash(next));
    else history.pushState(null, '', viewToHash(next));
    setView(next);
  }, []);
  return [view, change];
}
