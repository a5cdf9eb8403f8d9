import { Api, ApiError } from '../api/Api.js';
import type { AuthStatus, SignedIn } from '../api/answers.js';

/** Who uses this page. */
export type SessionState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'unreachable' }
  /** `setup`: there is no operator yet, and this page may make the first one */
  | { readonly kind: 'out'; readonly setup: boolean; readonly why?: string }
  | { readonly kind: 'in'; readonly name: string; readonly roles: readonly string[] };

/** Kept for as long as the tab is open, so that a reload does not sign out. */
const STORED = 'topgun-admin';
/** A token is renewed when so much of its life is over. */
const RENEW_AT = 0.7;
const RETRY_MS = 5_000;

type Held = { readonly name: string; readonly token: string; readonly expiresAtMs: number };

/** The operator's session: a short-lived token, renewed while the page is open. */
export class Session {
  readonly api: Api;
  #state: SessionState = { kind: 'asking' };
  #held: Held | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  constructor() {
    this.api = new Api(() => this.#held?.token);
    const stored = sessionStorage.getItem(STORED);
    if (stored !== null) this.#held = JSON.parse(stored) as Held;
    void this.look();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): SessionState => this.#state;

  /** The token to open a connection with. */
  readonly token = (): string | undefined => this.#held?.token;

  /** Asks the server who this page speaks for. */
  async look(why?: string): Promise<void> {
    try {
      const { user, setup } = await this.api.get<AuthStatus>('/api/auth/status');
      if (user?.roles.includes('ADMIN') === true) {
        this.#set({ kind: 'in', name: this.#held?.name ?? user.sub, roles: user.roles });
        this.#arm();
        return;
      }
      this.#forget();
      this.#set({ kind: 'out', setup, ...(why !== undefined && { why }) });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.#forget();
        return this.look('You have been signed out.');
      }
      this.#set({ kind: 'unreachable' });
      this.#timer = setTimeout(() => void this.look(), RETRY_MS);
    }
  }

  /** Throws `ApiError`. */
  async signIn(name: string, password: string): Promise<void> {
    this.#enter(name, await this.api.post<SignedIn>('/api/auth/login', { name, password }));
  }

  /** Makes the first operator. Throws `ApiError`. */
  async setUp(token: string, name: string, password: string): Promise<void> {
    this.#enter(name, await this.api.post<SignedIn>('/api/auth/setup', { token, name, password }));
  }

  async signOut(): Promise<void> {
    try {
      if (this.#held !== undefined) await this.api.post('/api/auth/logout');
    } finally {
      this.#forget();
      await this.look();
    }
  }

  #enter(name: string, { token, expiresAt, roles }: SignedIn): void {
    this.#held = { name, token, expiresAtMs: Date.parse(expiresAt) };
    sessionStorage.setItem(STORED, JSON.stringify(this.#held));
    this.#set({ kind: 'in', name, roles });
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const held = this.#held;
    if (held === undefined) return;
    const leftMs = held.expiresAtMs - Date.now();
    this.#timer = setTimeout(() => void this.#renew(held), Math.max(RETRY_MS, leftMs * RENEW_AT));
  }

  async #renew({ name, expiresAtMs }: Held): Promise<void> {
    try {
      this.#enter(name, await this.api.post<SignedIn>('/api/auth/refresh'));
    } catch (error) {
      const isRefused = error instanceof ApiError && error.status === 401;
      if (isRefused || Date.now() > expiresAtMs) {
        this.#forget();
        await this.look('Your session has ended.');
      } else this.#arm();
    }
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#held = undefined;
    sessionStorage.removeItem(STORED);
  }

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
