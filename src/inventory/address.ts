// Which strings Ansible takes for an address or host name with ranges, and where it sees a port in one. The quirks are
// its own: of the IPv6 forms only the first is bound to the start and only the last to the end of the text.

const NUMERIC = '\\[[0-9]+:[0-9]+(?::[0-9]+)?\\]';
const HEXADECIMAL = '\\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\\]';
const ALPHANUMERIC = '\\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\\]';
const H = `(?:[0-9a-f]{1,4}|${HEXADECIMAL})`;
const D = `(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5]|${NUMERIC})`;
const LABEL = `(?:[\\p{L}\\p{N}_]|${ALPHANUMERIC})(?:[\\p{L}\\p{N}_-]|${ALPHANUMERIC})*(?<![_-])`;

const IPV4 = new RegExp(`^(?:${D}\\.){3}${D}$`, 'iu');
const IPV6_FORMS = [
  `(?:${H}:){7}${H}`,
  `(?:${H}:){1,6}:`,
  `(?:${H}:)(?::${H}){1,6}`,
  `(?:${H}:){2}(?::${H}){1,5}`,
  `(?:${H}:){3}(?::${H}){1,4}`,
  `(?:${H}:){4}(?::${H}){1,3}`,
  `(?:${H}:){5}(?::${H}){1,2}`,
  `(?:${H}:){6}(?::${H})`,
  `:(?::${H}){1,6}`,
  `${H}?::`,
  `(?:0:){6}(?:${D}\\.){3}${D}`,
  `::(?:ffff:)?(?:${D}\\.){3}${D}`,
  `(?:0:){5}ffff:(?:${D}\\.){3}${D}$`,
];
const IPV6 = new RegExp(`^(?:${IPV6_FORMS.join('|')})`, 'iu');
const NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, 'iu');

const BRACKETED_PORT = /^\[(.+)\]:([0-9]+)$/;
const PORT = /^((?:[^:[\]]|\[[^\]]*\])*):([0-9]+)$/;

/** A host name or address, and the port that was written behind it. */
export interface Address {
  readonly host: string;
  readonly port: number | undefined;
}

/** `host`, `host:port`, `[address]:port`, ranges and all; undefined for what is neither a name nor an address. */
export function parseAddress(text: string): Address | undefined {
  let host = text;
  let port: number | undefined;
  for (const form of [BRACKETED_PORT, PORT]) {
    const match = form.exec(host);
    if (match) [host, port] = [match[1] ?? '', Number(match[2])];
  }
  return host !== '' && (isIp(host) || NAME.test(host)) ? { host, port } : undefined;
}

/** Whether Ansible takes a host name for an IP address, which has no short form. */
export const isIp = (host: string): boolean => IPV4.test(host) || IPV6.test(host);
