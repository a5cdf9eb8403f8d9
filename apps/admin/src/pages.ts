import type { ComponentType } from 'react';
import { pathOf } from './address.js';
import { Cluster } from './pages/Cluster.js';
import { Connections } from './pages/Connections.js';
import { Explorer } from './pages/Explorer.js';
import { Logs } from './pages/Logs.js';
import { Maps } from './pages/Maps.js';
import { Overview } from './pages/Overview.js';
import { Policies } from './pages/Policies.js';
import { Queries } from './pages/Queries.js';

export type PageEntry = { readonly path: string; readonly title: string; readonly Page: ComponentType };

/** Every page by the part of the address behind `#/`. */
export const pages: readonly PageEntry[] = [
  { path: '', title: 'Overview', Page: Overview },
  { path: 'maps', title: 'Maps', Page: Maps },
  { path: 'data', title: 'Data', Page: Explorer },
  { path: 'queries', title: 'Live queries', Page: Queries },
  { path: 'connections', title: 'Connections', Page: Connections },
  { path: 'cluster', title: 'Cluster', Page: Cluster },
  { path: 'policies', title: 'Policies', Page: Policies },
  { path: 'logs', title: 'Log', Page: Logs },
];

const [home] = pages as readonly [PageEntry, ...PageEntry[]];

/** The page of an address; of an unknown one the first. */
export const pageOf = (hash: string): PageEntry => {
  const path = pathOf(hash);
  return pages.find((page) => page.path === path) ?? home;
};
