/** The passwords of displays, and the cookies of disks behind HTTP: all that libvirt itself keeps from who may only read. */
const SECRETS = /(\spasswd\s*=\s*)(["'])([\s\S]*?)(?=\2|$)|(<cookie\b[^<>]*>)([\s\S]*?)(?=<\/cookie|$)/g;

/** XML, well-formed or not, as it may go to terminals and logs: what `print` makes of each secret stands in its place. */
export const withoutSecrets = (xml: string, print: (secret: string) => string): string =>
  xml.replaceAll(SECRETS, (_, name, quote, value, tag, cookie) =>
    tag === undefined ? `${name}${quote}${print(value)}` : `${tag}${print(cookie)}`,
  );
