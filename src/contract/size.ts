import { Problem } from './problem.ts';

const UNITS: Readonly<Record<string, number>> = { k: 1, m: 1024, g: 1024 ** 2, t: 1024 ** 3 };

/**
 * A size in KiB: `2M`, `2048kB`, `1GiB`, `8 G`. Powers of 1024, as the kernel and QEMU count; a bare number needs a unit.
 * Throws `Problem` BadSize.
 */
export function parseKib(size: string): number {
  const [, number = '', unit = ''] = /^(\d+)\s*([kmgt])(?:i?b)?$/i.exec(size.trim()) ?? [];
  const kib = Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (number === '' || !Number.isSafeInteger(kib))
    throw new Problem('BadSize', `"${size}" is no size`, 'write it with a unit: 2M, 1G, 2048kB');
  return kib;
}

/** In the largest unit that leaves a whole number: 2048 → `2M`. */
export function formatKib(kib: number): string {
  const [unit = 'k', factor = 1] = Object.entries(UNITS).findLast(([, one]) => kib >= one && kib % one === 0) ?? [];
  return `${kib / factor}${unit.toUpperCase().replace('K', 'k')}`;
}
