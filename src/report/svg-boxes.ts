import { xmlText } from './xml-text.ts';

/** Something that takes a rectangle of a picture. */
export interface Box {
  readonly width: number;
  readonly height: number;
  readonly draw: (x: number, y: number) => string;
}

const GAP = 8;

/** Boxes below each other. */
export function column(boxes: readonly Box[], gap = GAP): Box {
  return {
    width: Math.max(0, ...boxes.map(({ width }) => width)),
    height: boxes.reduce((sum, { height }) => sum + height, 0) + gap * Math.max(0, boxes.length - 1),
    draw: (x, y) => {
      let top = y;
      return boxes
        .map((box) => {
          const drawn = box.draw(x, top);
          top += box.height + gap;
          return drawn;
        })
        .join('\n');
    },
  };
}

/** Boxes beside each other, in as many rows as the width asks for. */
export function flow(boxes: readonly Box[], width: number, gap: number, rowGap = gap): Box {
  const rows: Box[][] = [];
  let left = 0;
  for (const box of boxes) {
    const row = rows.at(-1);
    if (row && left + gap + box.width <= width) {
      row.push(box);
      left += gap + box.width;
    } else {
      rows.push([box]);
      left = box.width;
    }
  }
  return column(
    rows.map((row) => beside(row, gap)),
    rowGap,
  );
}

function beside(boxes: readonly Box[], gap: number): Box {
  return {
    width: boxes.reduce((sum, { width }) => sum + width, 0) + gap * Math.max(0, boxes.length - 1),
    height: Math.max(0, ...boxes.map(({ height }) => height)),
    draw: (x, y) => {
      let left = x;
      return boxes
        .map((box) => {
          const drawn = box.draw(left, y);
          left += box.width + gap;
          return drawn;
        })
        .join('');
    },
  };
}

/** A frame around a box; `width` at least. */
export function panel(
  inside: Box,
  { width = 0, pad = GAP, fill, stroke }: { width?: number; pad?: number; fill: string; stroke: string },
): Box {
  const all = { width: Math.max(width, inside.width + 2 * pad), height: inside.height + 2 * pad };
  return {
    ...all,
    draw: (x, y) =>
      `<rect x="${x}" y="${y}" width="${all.width}" height="${all.height}" rx="4" fill="${fill}" stroke="${stroke}"/>\n${inside.draw(x + pad, y + pad)}`,
  };
}

/** One line of text. Its width is reckoned from the letters of a wide font. */
export function label(
  text: string,
  { size, bold = false, fill = '#14181c' }: { size: number; bold?: boolean; fill?: string },
): Box {
  return {
    width: Math.ceil(text.length * size * (bold ? 0.68 : 0.6)),
    height: Math.ceil(size * 1.35),
    draw: (x, y) =>
      `<text x="${x}" y="${y + size}" font-size="${size}"${bold ? ' font-weight="bold"' : ''} fill="${fill}">${xmlText(text)}</text>`,
  };
}
