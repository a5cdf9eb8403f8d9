import { act } from '@testing-library/react';
import type { TopGunClient } from '@topgun/client';
import { TopGunProvider } from '@topgun/react';
import { type ReactElement, type ReactNode, StrictMode } from 'react';

/** Renders below a provider of the client. */
export const within =
  (client: TopGunClient) =>
  ({ children }: { children: ReactNode }): ReactElement => (
    <TopGunProvider client={client}>{children}</TopGunProvider>
  );

export const strictlyWithin =
  (client: TopGunClient) =>
  ({ children }: { children: ReactNode }): ReactElement => (
    <StrictMode>
      <TopGunProvider client={client}>{children}</TopGunProvider>
    </StrictMode>
  );

/** Lets the store be read and the tick's batch of changes go out. */
export const settle = async (): Promise<void> => {
  await act(async () => {
    await new Promise((resolve) => setImmediate(resolve));
  });
};
