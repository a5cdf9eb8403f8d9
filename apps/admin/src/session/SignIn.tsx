import { type FormEvent, useState } from 'react';
import { ApiError } from '../api/Api.js';
import { useSession } from './SessionContext.js';

/** A setup link of the server's start ends in `#setup=<token>`. */
const setupToken = (): string => /^#setup=(.+)$/.exec(location.hash)?.[1] ?? '';

/** Sign-in, or where there is no operator yet, the making of the first one. */
export function SignIn({ setup, why }: { readonly setup: boolean; readonly why: string | undefined }) {
  const session = useSession();
  const [token, setToken] = useState(setupToken);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [refusal, setRefusal] = useState<string | undefined>(why);
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setRefusal(undefined);
    try {
      if (setup) {
        await session.setUp(token, name, password);
        history.replaceState(null, '', '#/');
      } else await session.signIn(name, password);
    } catch (error) {
      setRefusal(refusalText(error));
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form className="card" onSubmit={(event) => void submit(event)} data-testid="sign-in">
        <h1>TopGun</h1>
        <p className="quiet">
          {setup
            ? 'Nobody operates this server yet. Make the first operator: the token stands where the server was started.'
            : 'Sign in as an operator of this server.'}
        </p>
        {setup && (
          <label>
            Setup token
            <input
              value={token}
              onChange={(event) => setToken(event.target.value)}
              required
              autoComplete="off"
            />
          </label>
        )}
        <label>
          Name
          <input
            value={name}
            onChange={(event) => setName(event.target.value)}
            required
            autoComplete="username"
            data-testid="name"
          />
        </label>
        <label>
          Password
          <input
            type="password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            required
            autoComplete={setup ? 'new-password' : 'current-password'}
            data-testid="password"
          />
        </label>
        {refusal !== undefined && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <button type="submit" className="button primary" disabled={isBusy}>
          {setup ? 'Make the operator and sign in' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

function refusalText(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.code === 'AUTH_FAILED') return 'Name or password is wrong.';
  if (error.retryAfterMs !== undefined)
    return `Too many attempts. Try again in ${Math.ceil(error.retryAfterMs / 1000)} s.`;
  return error.remedy === undefined ? error.message : `${error.message} ${error.remedy}`;
}
