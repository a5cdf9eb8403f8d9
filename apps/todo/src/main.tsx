import { TopGunProvider } from '@topgun/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { registerServiceWorker } from '../../shared/src/registerServiceWorker.js';
import { App } from './App.js';
import { createClient } from './createClient.js';
import './styles/index.css';

const client = createClient();
// For the console of a curious reader and for browser tests.
Object.assign(window, { topgun: { client } });

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
