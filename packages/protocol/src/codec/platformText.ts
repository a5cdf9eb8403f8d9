/** The platform's UTF-8, declared here because this package loads the types of no platform. */
declare const TextEncoder: new () => {
  encodeInto(text: string, into: Uint8Array): { readonly written: number };
};
declare const TextDecoder: new (
  label: string,
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

export const textEncoder = () => new TextEncoder();

/** What is no UTF-8 throws. A byte order mark is text like any other. */
export const strictTextDecoder = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
