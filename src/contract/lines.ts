/** How one kind of configuration file writes a setting on a line. */
export interface LineFormat {
  /** The setting on a line, if there is one; a value of undefined takes the key out of what the files set. */
  readonly parse: (line: string) => Setting | undefined;
  readonly print: (key: string, value: string) => string;
  /** Whether two values mean the same. */
  readonly same: (a: string, b: string) => boolean;
}

interface Setting {
  readonly key: string;
  readonly value: string | undefined;
}

export interface PlacedSetting extends Setting {
  /** Counted from 1. */
  readonly line: number;
}

/** What a file shall say of some keys; undefined: nothing. */
export type WantedSettings = ReadonlyMap<string, string | undefined>;

export function settingsIn(text: string, format: LineFormat): PlacedSetting[] {
  return text.split('\n').flatMap((line, index) => {
    const setting = format.parse(line);
    return setting ? [{ ...setting, line: index + 1 }] : [];
  });
}

/** Whether a text says of this key what is wanted, and nothing else. */
export function says(text: string, format: LineFormat, key: string, value: string | undefined): boolean {
  const said = settingsIn(text, format).filter((setting) => setting.key === key);
  if (value === undefined) return said.length === 0;
  return said.length > 0 && said.every((one) => one.value !== undefined && format.same(one.value, value));
}

/**
 * The text with these settings in it. A line that says it already, and every line of something else, stays byte for
 * byte. A key that was set twice, to different values, is set once.
 */
export function withSettings(text: string, format: LineFormat, wanted: WantedSettings): string {
  const wrong = new Map([...wanted].filter(([key, value]) => !says(text, format, key, value)));
  const placed = new Set<string>();
  const lines = text.split('\n').flatMap((line) => {
    const key = format.parse(line)?.key;
    if (key === undefined || !wrong.has(key)) return [line];
    const value = wrong.get(key);
    if (value === undefined || placed.has(key)) return [];
    placed.add(key);
    return [format.print(key, value)];
  });
  const added = [...wrong].flatMap(([key, value]) =>
    value === undefined || placed.has(key) ? [] : [format.print(key, value)],
  );
  if (added.length === 0) return lines.join('\n');
  const ended = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  return [...ended, ...added, ''].join('\n');
}
