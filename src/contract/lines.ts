/** How one kind of configuration file writes settings on a line. */
export interface LineFormat {
  /** The settings on a line: mostly one or none; a value of undefined takes the key out of what the files set. */
  readonly parse: (line: string) => readonly Setting[];
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

export function settingsIn(text: string, format: Pick<LineFormat, 'parse'>): PlacedSetting[] {
  return text.split('\n').flatMap((line, index) => format.parse(line).map((one) => ({ ...one, line: index + 1 })));
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
  const put = ({ key, value: now }: Setting): string[] => {
    const value = wrong.has(key) ? wrong.get(key) : now;
    if (value === undefined || placed.has(key)) return [];
    if (wrong.has(key)) placed.add(key);
    return [format.print(key, value)];
  };
  const lines = text.split('\n').flatMap((line) => {
    const settings = format.parse(line);
    return settings.some(({ key }) => wrong.has(key)) ? settings.flatMap(put) : [line];
  });
  const added = [...wrong].flatMap(([key, value]) =>
    value === undefined || placed.has(key) ? [] : [format.print(key, value)],
  );
  if (added.length === 0) return lines.join('\n');
  const ended = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  return [...ended, ...added, ''].join('\n');
}
