import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { subscribeEvents } from '@topgun/client/events';
import { joinRoom, type Present } from '@topgun/client/rooms';
import { TopGunProvider, useRoom } from '@topgun/react';
import { createElement, useState } from 'react';
import { createRoot } from 'react-dom/client';

/** A client of this page's server. */
const clientOf = (token: string): TopGunClient =>
  new TopGunClient({
    serverUrl: location.origin.replace('http', 'ws'),
    storage: new MemoryAdapter(),
    token,
    backoff: { baseMs: 20, capMs: 200 },
  });

const shown = (present: readonly Present<string>[]): string =>
  present.map(({ user, state }) => (state === undefined ? user : `${user} (${state})`)).join(', ');

/** A room as an app shows it: who is there, what was said, and two things to do. */
function Kitchen() {
  const [said, setSaid] = useState<readonly string[]>([]);
  const [state, setState] = useState<string>();
  const { present, publish } = useRoom<string, string>('kitchen', {
    state,
    last: 10,
    onMessage: (text, { publisherId }) => setSaid((before) => [...before, `${publisherId}: ${text}`]),
  });
  return createElement(
    'main',
    null,
    createElement('output', { id: 'present' }, shown(present)),
    createElement('output', { id: 'said' }, said.join('\n')),
    createElement('button', { id: 'say', type: 'button', onClick: () => publish('Tea?') }),
    createElement('button', { id: 'cook', type: 'button', onClick: () => setState('cooking') }),
  );
}

/** What the tests of the live page do in it. */
const tools = {
  /** Shows the room; returns what takes it away. */
  show(token: string): () => void {
    const root = createRoot(document.body.appendChild(document.createElement('div')));
    const client = clientOf(token);
    root.render(createElement(TopGunProvider, { client, children: createElement(Kitchen) }));
    return () => root.unmount();
  },
  /** The same room without React. */
  join(token: string) {
    const heard: string[] = [];
    const room = joinRoom<string, string>(clientOf(token), 'kitchen', { last: 10 });
    room.onMessage((text, { publisherId }) => heard.push(`${publisherId}: ${text}`));
    return {
      heard,
      present: () => shown(room.present),
      say: (text: string) => room.publish(text),
      type: (state: string) => room.setState(state),
      leave: () => room.leave(),
    };
  },
  /** Follows two streams. */
  follow(token: string) {
    const heard: number[] = [];
    const states: string[] = [];
    const missed: (readonly string[])[] = [];
    const following = subscribeEvents<{ 'stream.created': { n: number }; message: { n: number } }>({
      url: location.origin,
      streams: ['1', '2'],
      token: () => token,
      on: { 'stream.created': ({ n }) => heard.push(n), message: ({ n }) => heard.push(n) },
      onState: (state) => states.push(state),
      onResync: (topics) => missed.push(topics),
    });
    return { heard, states, missed, close: () => following.close() };
  },
};

declare global {
  var live: typeof tools;
}

globalThis.live = tools;
