/** The same data, which nobody can change: whoever tries throws. */
export function frozen<T>(data: T): T {
  if (typeof data === 'object' && data !== null) {
    Object.freeze(data);
    Object.values(data).forEach(frozen);
  }
  return data;
}
