import { once } from 'node:events';
import { type Context, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { WorkSpans } from './WorkSpans.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
const hello = { clientId: 'writer'.padEnd(22, '-'), sessions: ['writer-----'] };

/** As far as W3C's header goes; programs register the whole one of their SDK. */
const propagator: TextMapPropagator = {
  inject: () => undefined,
  fields: () => ['traceparent'],
  extract: (context: Context, carrier, getter) => {
    const [, traceId, spanId] =
      /^00-(\w{32})-(\w{16})-/.exec(String(getter.get(carrier, 'traceparent'))) ?? [];
    if (traceId === undefined || spanId === undefined) return context;
    return trace.setSpanContext(context, { traceId, spanId, traceFlags: 1, isRemote: true });
  },
};

const exporter = new InMemorySpanExporter();
let server: ServerCoordinator;

beforeAll(() => {
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  propagation.setGlobalPropagator(propagator);
});
afterAll(() => {
  trace.disable();
  propagation.disable();
});
beforeEach(async () => {
  server = new ServerCoordinator({ port: 0, dev: true, storage: 'memory', logLevel: 'silent', drainMs: 0 });
  await server.start();
});
afterEach(async () => {
  await server.shutdown();
  exporter.reset();
});

/** Spans of a name, once there are so many. */
async function spans(name: string, count = 1): Promise<ReadableSpan[]> {
  for (;;) {
    const found = exporter.getFinishedSpans().filter((span) => span.name === name);
    if (found.length >= count) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A socket whose client is known, under the trace of `headers`. */
async function socket(): Promise<WebSocket> {
  const opened = new WebSocket(`ws://127.0.0.1:${server.port}/`, { headers });
  await once(opened, 'open');
  opened.send(encode({ type: 'AUTH', versions, ...hello }));
  await once(opened, 'message');
  return opened;
}

describe('Traces', () => {
  it('[OBS-40] a request is a span of the trace that its header names, with its route and never its path', async () => {
    await fetch(`http://127.0.0.1:${server.port}/version?secret=canary`, { headers });
    const [span] = await spans('GET /version');
    expect(span?.spanContext().traceId).toBe(TRACE);
    expect(span?.parentSpanContext?.spanId).toBe(PARENT);
    expect(span?.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/version',
      'http.response.status_code': 200,
    });
    await fetch(`http://127.0.0.1:${server.port}/canary`);
    expect((await spans('GET none'))[0]?.attributes).toMatchObject({ 'http.response.status_code': 404 });
  });

  it('[OBS-40] handshake, auth, ops, query and sync of a socket belong to the trace of its handshake', async () => {
    const device = await socket();
    const about = { session: 'writer-----', settledBelow: 0, incarnation: 'none', concern: 4 } as const;
    const rows = [[0, 0, 0, 'canary', (Date.now() - 1000) * 2048, null, 'canary']] as const;
    device.send(encode({ type: 'OPS', ...about, maps: ['rooms:canary'], rows }));
    const where = { op: 'eq', path: 'name', value: 'canary' } as const;
    device.send(encode({ type: 'QUERY_SUB', query: 'q', map: 'rooms:canary', where }));
    device.send(encode({ type: 'SYNC_INIT', req: 1, map: 'todos', kind: 'LWW', root: 0 }));
    const [handshake] = await spans('topgun handshake');
    const found = (
      await Promise.all(['auth', 'ops', 'query', 'sync'].map((name) => spans(`topgun ${name}`)))
    ).flat();
    expect(handshake?.parentSpanContext?.spanId).toBe(PARENT);
    for (const span of found) {
      expect(span.spanContext().traceId).toBe(TRACE);
      expect(span.parentSpanContext?.spanId).toBe(handshake?.spanContext().spanId);
      expect(span.attributes['topgun.conn']).toBe(1);
    }
    const [, ops, query, sync] = found;
    expect(ops?.attributes['topgun.ops']).toBe(1);
    expect(ops?.events.map(({ name }) => name)).toEqual(['commit', 'committed']);
    expect(query?.attributes['topgun.map']).toBe('rooms:*');
    expect(sync?.attributes['topgun.message']).toBe('SYNC_INIT');
    const told = [handshake, ...found].map((span) => [
      span?.name,
      span?.attributes,
      span?.status,
      span?.events,
    ]);
    expect(JSON.stringify(told)).not.toContain('canary');
    device.terminate();
  });

  it('[OBS-40] ops have ended when their answer is there, and not before their commit', async () => {
    const device = await socket();
    const about = { session: 'writer-----', settledBelow: 0, incarnation: 'none', concern: 4 } as const;
    const put = (seq: number): void => {
      const rows = [[seq, 0, 0, 'k', (Date.now() - 1000) * 2048 + seq, null, 1]] as const;
      device.send(encode({ type: 'OPS', ...about, maps: ['todos'], rows }));
    };
    put(0);
    for (;;) {
      const [data] = await once(device, 'message');
      const types = [...decodeTurn(data as Buffer)].map((decoded) => decoded.ok && decoded.message.type);
      if (types.includes('OP_ACK')) break;
    }
    expect(await spans('topgun ops')).toHaveLength(1);
    // A duplicate is answered from memory.
    put(0);
    expect((await spans('topgun ops', 2))[1]?.events).toEqual([]);
    device.terminate();
  });

  it('[OBS-40] what is refused is an error: a handshake, a token, a query', async () => {
    const refused = new WebSocket(`ws://127.0.0.1:${server.port}/nowhere`);
    refused.on('error', () => undefined);
    expect((await spans('topgun handshake'))[0]?.status).toEqual({ code: 2, message: 'refused' });
    const device = await socket();
    const where = { op: 'regex', path: 'a', pattern: '(' } as const;
    device.send(encode({ type: 'QUERY_SUB', query: 'q', map: 'todos', where }));
    expect((await spans('topgun query'))[0]?.status).toEqual({ code: 2, message: 'PREDICATE_INVALID' });
    device.terminate();
  });
});

describe('Traces that nobody records', () => {
  it('[OBS-41] keep nothing', () => {
    trace.disable();
    const work = new WorkSpans();
    for (let seq = 0; seq < 100; seq++) {
      work.received(seq, { type: 'AUTH', versions, ...hello });
      work.received(seq, { type: 'SYNC_INIT', req: 1, map: 'todos', kind: 'LWW', root: 0 });
    }
    work.handled();
    work.commitBegun();
    work.delivered();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
