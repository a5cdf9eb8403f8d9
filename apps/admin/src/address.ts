import { useSyncExternalStore } from 'react';

/** The page that an address names: the part behind `#/`. */
export const pathOf = (hash: string): string => hash.replace(/^#\/?/, '').split('/')[0] ?? '';

/** What stands behind the page in the address, such as the map of `#/data/todos`. */
export const restOf = (hash: string): string => decodeURIComponent(hash.split('/').slice(2).join('/'));

const follow = (changed: () => void): (() => void) => {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
};

export const useHash = (): string => useSyncExternalStore(follow, () => location.hash);
