import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.js';
import { Session } from './session/Session.js';
import { SessionContext } from './session/SessionContext.js';
import './styles/index.css';

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element #root.');
createRoot(root).render(
  <StrictMode>
    <SessionContext value={new Session()}>
      <App />
    </SessionContext>
  </StrictMode>,
);
