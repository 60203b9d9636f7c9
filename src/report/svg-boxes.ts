import { xmlText } from './xml-text.ts';

/** Something that takes a rectangle of a picture. */
export interface Box {
  readonly width: number;
  readonly height: number;
  readonly draw: (x: number, y: number) => string;
  /** The same, in a frame that is wider or higher. */
  readonly stretch?: (width: number, height: number) => Box;
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

export function beside(boxes: readonly Box[], gap: number): Box {
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

/** Frames in columns of one width, in rows of one height. */
export function grid(boxes: readonly Box[], columns: number, gap: number): Box {
  const width = Math.max(0, ...boxes.map((box) => box.width));
  const rows: Box[] = [];
  for (let at = 0; at < boxes.length; at += columns) {
    const row = boxes.slice(at, at + columns);
    const height = Math.max(...row.map((box) => box.height));
    rows.push(
      beside(
        row.map((box) => box.stretch?.(width, height) ?? box),
        gap,
      ),
    );
  }
  return column(rows, gap);
}

/** How a shape looks: by its own colours, or by a class of the picture's style. */
type Look = { readonly fill: string; readonly stroke: string } | { readonly css: string };

/** A frame around a box; `width` at least. */
export function panel(inside: Box, look: Look & { readonly width?: number; readonly pad?: number }): Box {
  const { width = 0, pad = GAP } = look;
  const looks = 'css' in look ? `class="${look.css}"` : `fill="${look.fill}" stroke="${look.stroke}"`;
  const framed = (all: { readonly width: number; readonly height: number }): Box => ({
    ...all,
    draw: (x, y) =>
      `<rect x="${x}" y="${y}" width="${all.width}" height="${all.height}" rx="4" ${looks}/>\n${inside.draw(x + pad, y + pad)}`,
    stretch: (wide, high) => framed({ width: Math.max(all.width, wide), height: Math.max(all.height, high) }),
  });
  return framed({ width: Math.max(width, inside.width + 2 * pad), height: inside.height + 2 * pad });
}

interface Letters {
  readonly size: number;
  readonly bold?: boolean;
  readonly fill?: string;
  /** A class in place of a fill. */
  readonly css?: string;
}

/** One line of text. Its width is reckoned from the letters of a wide font. */
export function label(text: string, { size, bold = false, fill = '#14181c', css }: Letters): Box {
  return {
    width: Math.ceil(text.length * size * (bold ? 0.68 : 0.6)),
    height: Math.ceil(size * 1.35),
    draw: (x, y) =>
      `<text x="${x}" y="${y + size}" font-size="${size}"${bold ? ' font-weight="bold"' : ''} ${css === undefined ? `fill="${fill}"` : `class="${css}"`}>${xmlText(text)}</text>`,
  };
}
