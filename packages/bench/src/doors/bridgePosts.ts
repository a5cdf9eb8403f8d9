import { Agent, get, type IncomingMessage, request } from 'node:http';

/** What the parent asks: messages from one node to a hearer at another, one after the other. */
export interface BridgePostsRequest {
  readonly postPort: number;
  readonly hearPort: number;
  readonly messages: number;
  readonly intervalMs: number;
}

export interface BridgePostsAnswer {
  /** ms from before the POST until the event is there, ascending */
  readonly tookMs: readonly number[];
}

const FROM = 'a'.repeat(64);
const TO = 'b'.repeat(64);

/** The two ends of the message bridge, in one process, so that one clock counts. */
export async function bridgePosts(asked: BridgePostsRequest): Promise<BridgePostsAnswer> {
  const { postPort, hearPort, messages, intervalMs } = asked;
  const agent = new Agent({ keepAlive: true });
  const path = `/bridge/events?client_id=${TO}`;
  const stream = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port: hearPort, path }, resolve).once('error', reject);
  });
  let text = '';
  let heard = (): void => undefined;
  stream.setEncoding('latin1').on('data', (part: string) => {
    text += part;
    heard();
  });
  const tookMs: number[] = [];
  for (let nth = 0; nth < messages; nth++) {
    const begunMs = performance.now();
    // What was posted in an earlier round lies in the mailbox still.
    const body = Buffer.from(`message ${nth} of ${begunMs}, in ${process.pid}`).toString('base64');
    const posted = post(agent, postPort, body);
    await new Promise<void>((resolve) => {
      heard = () => {
        if (text.includes(body)) resolve();
      };
      heard();
    });
    tookMs.push(performance.now() - begunMs);
    text = '';
    await posted;
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  stream.destroy();
  agent.destroy();
  return { tookMs: tookMs.sort((a, b) => a - b) };
}

function post(agent: Agent, port: number, body: string): Promise<void> {
  const path = `/bridge/message?client_id=${FROM}&to=${TO}&ttl=300`;
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method: 'POST', agent }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`A message was answered ${response.statusCode}`));
      });
    });
    asked.once('error', reject).end(body);
  });
}
