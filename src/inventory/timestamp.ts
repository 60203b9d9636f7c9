import type { Scalar } from '../source/node.ts';

const TIMESTAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d\d?)(?::(\d\d))?))?)?$/;
const SHORT_DATE = /^\d{4}-(?:\d-|\d\d-\d$)/;

/** A date, or a date and time, as PyYAML sees it in an unquoted scalar. */
interface Timestamp {
  readonly date: readonly [year: number, month: number, day: number];
  /** Hour, minute, second, microsecond. */
  readonly time: readonly [number, number, number, number] | undefined;
  /** Seconds east of Greenwich. */
  readonly offset: number | undefined;
}

/** `date.isoformat()` or `datetime.isoformat()` of a scalar that PyYAML takes for a time; undefined for others. */
export function isoTime(scalar: Scalar): string | undefined {
  const found = timestampOf(scalar);
  if (!found) return undefined;
  const [year, ...rest] = found.date;
  const date = [String(year).padStart(4, '0'), ...rest.map(two)].join('-');
  if (!found.time) return date;
  const [hour, minute, second, micro] = found.time;
  const fraction = micro > 0 ? `.${String(micro).padStart(6, '0')}` : '';
  return `${date}T${two(hour)}:${two(minute)}:${two(second)}${fraction}${offsetText(found.offset)}`;
}

/** `repr()` of the same. */
export function pythonTime(scalar: Scalar): string | undefined {
  const found = timestampOf(scalar);
  if (!found) return undefined;
  if (!found.time) return `datetime.date(${found.date.join(', ')})`;
  const [hour, minute, second, micro] = found.time;
  const seconds = micro > 0 ? [second, micro] : second > 0 ? [second] : [];
  const zone = found.offset === undefined ? [] : [`tzinfo=${zoneText(found.offset)}`];
  return `datetime.datetime(${[...found.date, hour, minute, ...seconds, ...zone].join(', ')})`;
}

/** Why PyYAML fails at a scalar that looks like a time and is none, such as 30 February; undefined for all others. */
export function impossibleTime(scalar: Scalar): string | undefined {
  const found = timestampOf(scalar);
  if (!found) return undefined;
  const [year, month, day] = found.date;
  const [hour, minute, second] = found.time ?? [0, 0, 0];
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > days) return 'there is no such day';
  if (hour > 23 || minute > 59 || second > 59) return 'there is no such time of day';
  return Math.abs(found.offset ?? 0) >= 86_400 ? 'there is no such time zone' : undefined;
}

function timestampOf({ value, quoted, tag }: Scalar): Timestamp | undefined {
  if (typeof value !== 'string' || quoted || tag !== undefined) return undefined;
  const match = TIMESTAMP.exec(value);
  if (!match || (match[4] === undefined && SHORT_DATE.test(value))) return undefined;
  const number = (index: number) => Number(match[index] ?? 0);
  const sign = match[9] === '-' ? -1 : 1;
  return {
    date: [number(1), number(2), number(3)],
    time: match[4] === undefined ? undefined : [number(4), number(5), number(6), microseconds(match[7])],
    offset: match[8] || match[9] ? sign * (number(10) * 3600 + number(11) * 60) : undefined,
  };
}

const microseconds = (fraction = ''): number => Number(fraction.slice(0, 6).padEnd(6, '0'));

const two = (number: number): string => String(number).padStart(2, '0');

function offsetText(offset: number | undefined): string {
  if (offset === undefined) return '';
  const minutes = Math.abs(offset) / 60;
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function zoneText(offset: number): string {
  if (offset === 0) return 'datetime.timezone.utc';
  const delta = offset < 0 ? `days=-1, seconds=${offset + 86400}` : `seconds=${offset}`;
  return `datetime.timezone(datetime.timedelta(${delta}))`;
}
