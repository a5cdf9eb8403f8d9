import { useSyncExternalStore } from 'react';
import { useHash } from './address.js';
import { Nav } from './components/Nav.js';
import { pageOf } from './pages.js';
import { useSession } from './session/SessionContext.js';
import { SignIn } from './session/SignIn.js';

/** Sign-in, then one page at a time. */
export function App() {
  const session = useSession();
  const state = useSyncExternalStore(session.subscribe, session.state);
  const hash = useHash();
  if (state.kind === 'asking') return null;
  if (state.kind === 'unreachable')
    return (
      <main className="sign-in">
        <p role="alert">The server does not answer. This page goes on asking.</p>
      </main>
    );
  if (state.kind === 'out') return <SignIn setup={state.setup} why={state.why} />;
  const page = pageOf(hash);
  return (
    <div className="app">
      <Nav
        current={page.path}
        name={state.name}
        onLeave={session.token() === undefined ? undefined : () => void session.signOut()}
      />
      <main className="main" id="main">
        <h1>{page.title}</h1>
        <page.Page />
      </main>
    </div>
  );
}
