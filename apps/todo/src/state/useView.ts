import { useCallback, useEffect, useState } from 'react';
import { hashToView, type View, viewToHash } from './view.js';

/**
 * The view named by the address, and a way to change parts of it.
 * Another list is a new entry of the browser's history; typing in the search box only rewrites the current one.
 */
export function useView(): readonly [View, (change: Partial<View>) => void] {
  const [view, setView] = useState(() => hashToView(location.hash));

  useEffect(() => {
    const read = () => setView(hashToView(location.hash));
    addEventListener('hashchange', read);
    addEventListener('popstate', read);
    return () => {
      removeEventListener('hashchange', read);
      removeEventListener('popstate', read);
    };
  }, []);

  const change = useCallback((part: Partial<View>) => {
    const next = { ...hashToView(location.hash), ...part };
    const address = viewToHash(next);
    if (part.list === undefined) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    setView(next);
  }, []);

  return [view, change];
}
