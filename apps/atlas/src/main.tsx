import { TopGunProvider } from '@topgun/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { registerServiceWorker } from '../../shared/src/registerServiceWorker.js';
import { App } from './App.js';
import { createClient } from './createClient.js';
import { isIndexed } from './state/indexes.js';
import { openCities } from './state/openCities.js';
import './styles/index.css';

const client = createClient();
// For the console of a curious reader, for browser tests and for measurements.
Object.assign(window, { topgun: { client, openCities, isIndexed: () => isIndexed(client) } });

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element #root.');
createRoot(root).render(
  <StrictMode>
    <TopGunProvider client={client}>
      <App />
    </TopGunProvider>
  </StrictMode>,
);
registerServiceWorker(import.meta.env.PROD);
