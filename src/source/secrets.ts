/**
 * What may not leave this process: values that came out of a vault, passwords, what `no_log` tasks gave. It is kept for
 * the whole process, by value, so that no way out can forget it: whatever a secret was made part of, it is found again.
 */
export const HIDDEN = '********';

/** Shorter ones are hidden only where they are all of a value: found inside of others they would blot out everything. */
const SHORTEST = 4;
/** A line of a longer secret, and what base64 leaves of one. */
const SHORTEST_PART = 8;

const whole = new Set<string>();
const forms = new Set<string>();
let pattern: RegExp | undefined;

/** From now on this is hidden, and each line of it, and what JSON, XML, URLs, shells and base64 make of it. */
export function keepSecret(value: unknown): void {
  if (typeof value === 'object' && value !== null) {
    for (const one of Object.values(value)) keepSecret(one);
    return;
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return;
  const text = String(value);
  if (text.trim() === '' || text === HIDDEN || whole.has(text)) return;
  whole.add(text);
  whole.add(text.trim());
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const parts = lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_PART) : [];
  for (const part of [text.trim(), ...parts]) if (part.length >= SHORTEST) formsOf(part).forEach(add);
}

function add(form: string): void {
  if (forms.has(form)) return;
  forms.add(form);
  pattern = undefined;
}

function formsOf(text: string): readonly string[] {
  // A lone surrogate has no form in URLs.
  const wellFormed = Buffer.from(text).toString();
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const xml = (quote: string, apostrophe: string, newline: string) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', quote)
      .replaceAll("'", apostrophe)
      .replaceAll('\n', newline);
  return [
    text,
    json,
    ascii,
    JSON.stringify(json).slice(1, -1),
    ...['&quot;', '"'].flatMap((quote) =>
      ['&apos;', '&#39;', '&#x27;', "'"].flatMap((apostrophe) =>
        ['\n', '&#10;', '&#xA;'].map((newline) => xml(quote, apostrophe, newline)),
      ),
    ),
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
    text.replaceAll("'", "''"),
    text.replaceAll(/\s*\n\s*/g, ' '),
    encodeURI(wellFormed),
    encodeURIComponent(wellFormed),
    ...inBase64(Buffer.from(text)),
  ];
}

/** The characters that a text is sure to give in base64, behind any other text. */
function inBase64(bytes: Buffer): readonly string[] {
  const found = [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const core = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return found.filter((core) => core.length >= SHORTEST_PART);
}

/** The text without any secret in it. */
export function hideSecrets(text: string): string {
  if (forms.size === 0 && whole.size === 0) return text;
  if (whole.has(text)) return HIDDEN;
  if (forms.size === 0) return text;
  pattern ??= new RegExp(
    [...forms]
      .sort((a, b) => b.length - a.length)
      .map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
      .join('|'),
    'g',
  );
  return text.replace(pattern, HIDDEN);
}

/** Plain data without any secret in it, keys of mappings included. */
export function hideIn<T>(data: T): T {
  if (forms.size === 0 && whole.size === 0) return data;
  return hide(data) as T;
}

function hide(data: unknown): unknown {
  if (typeof data === 'string') return hideSecrets(data);
  if (typeof data === 'number' || typeof data === 'bigint') return forms.has(String(data)) ? HIDDEN : data;
  if (Array.isArray(data)) return data.map(hide);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [hideSecrets(key), hide(value)]));
}

/** Whether there is a secret in plain data. */
export const holdsSecret = (data: unknown): boolean =>
  forms.size + whole.size > 0 && JSON.stringify(data) !== JSON.stringify(hideIn(data));
