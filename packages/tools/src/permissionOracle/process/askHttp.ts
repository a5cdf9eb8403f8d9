import { request } from 'node:http';

/** Everything that one request brought back: the line of the status, headers, body, as they stood on the wire but for chunk marks. */
export function askHttp(
  port: number,
  method: string,
  path: string,
  { token, body }: { readonly token?: string | undefined; readonly body?: unknown },
): Promise<{ readonly status: number; readonly bytes: Buffer }> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        port,
        method,
        path,
        host: '127.0.0.1',
        agent: false,
        headers: {
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
          ...(sent !== undefined && {
            'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(sent),
          }),
        },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const status = answer.statusCode ?? 0;
          const head = `${status} ${answer.statusMessage}\r\n${answer.rawHeaders.join('\r\n')}\r\n\r\n`;
          resolve({ status, bytes: Buffer.concat([Buffer.from(head), ...parts]) });
        });
      },
    );
    asked.on('error', reject);
    asked.end(sent);
  });
}
