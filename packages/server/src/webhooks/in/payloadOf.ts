/** A body by its content type: JSON as value, a form as an object of texts, anything else as text. JSON that is none is a text, too. */
export function payloadOf(body: Buffer, contentType: string | undefined): unknown {
  const text = body.toString('utf8');
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text));
  if (type.startsWith('text/') && type !== 'text/json') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
