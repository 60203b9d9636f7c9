/** `4096 2M pages`, `7.5 GiB`. */
export function amount(kib: number, pageKib: number): string {
  if (pageKib > 4)
    return `${Math.floor(kib / pageKib)} ${pageKib % 1048576 === 0 ? `${pageKib / 1048576}G` : `${pageKib / 1024}M`} pages`;
  return kib >= 1048576 ? `${Math.floor(kib / 104857.6) / 10} GiB` : `${Math.floor(kib / 1024)} MiB`;
}

export const counted = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
