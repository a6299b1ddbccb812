import { crc32, deflateSync } from "node:zlib";

export interface Badge {
  readonly text: "ok" | "error" | "pending" | "none";
  /** `#rrggbb`. */
  readonly color: string;
}

const LABEL = "deploy";
const LABEL_COLOR = "#3b4045";
/** Pixels of the 5 by 7 letters, of their double size in the picture. */
const [COLUMNS, ROWS, SCALE, PADDING] = [5, 7, 2, 8];

const widthOf = (text: string): number => text.length * (COLUMNS + 1) * SCALE - SCALE + 2 * PADDING;
const HEIGHT = ROWS * SCALE + 8;

export function badgeSvg({ text, color }: Badge): string {
  const [left, right] = [widthOf(LABEL), widthOf(text)];
  const middle = HEIGHT / 2 + 5;
  const letters =
    'font-family="Verdana,DejaVu Sans,sans-serif" font-size="13" fill="#fff" text-anchor="middle"';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="${HEIGHT}" role="img" aria-label="${LABEL}: ${text}">
<title>${LABEL}: ${text}</title>
<rect width="${left}" height="${HEIGHT}" fill="${LABEL_COLOR}"/><rect x="${left}" width="${right}" height="${HEIGHT}" fill="${color}"/>
<g ${letters}><text x="${left / 2}" y="${middle}">${LABEL}</text><text x="${left + right / 2}" y="${middle}">${text}</text></g>
</svg>
`;
}

/** Rows of each letter, a bit for each pixel, the leftmost being the highest of five. */
const FONT: Readonly<Record<string, readonly number[]>> = {
  d: [1, 1, 13, 19, 17, 17, 15],
  e: [0, 0, 14, 17, 31, 16, 14],
  p: [0, 0, 30, 17, 30, 16, 16],
  l: [12, 4, 4, 4, 4, 4, 14],
  o: [0, 0, 14, 17, 17, 17, 14],
  y: [0, 0, 17, 17, 15, 1, 14],
  k: [16, 16, 18, 20, 24, 20, 18],
  r: [0, 0, 22, 25, 16, 16, 16],
  n: [0, 0, 22, 25, 17, 17, 17],
  i: [4, 0, 12, 4, 4, 4, 14],
  g: [0, 0, 15, 17, 15, 1, 14],
};

/** https://www.w3.org/TR/png-3/: 8-bit RGB, no interlacing. */
export function badgePng({ text, color }: Badge): Buffer {
  const [left, right] = [widthOf(LABEL), widthOf(text)];
  const width = left + right;
  const stride = 1 + width * 3;
  const pixels = Buffer.alloc(stride * HEIGHT);
  const paint = (x: number, y: number, rgb: readonly number[]): void => {
    pixels.set(rgb, y * stride + 1 + x * 3);
  };
  const [label, status] = [rgbOf(LABEL_COLOR), rgbOf(color)];
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < width; x += 1) paint(x, y, x < left ? label : status);
  }
  const write = (word: string, from: number): void => {
    for (const [index, letter] of word.split("").entries()) {
      for (const [x, y] of dotsOf(letter)) paint(from + index * (COLUMNS + 1) * SCALE + x, 4 + y, WHITE);
    }
  };
  write(LABEL, PADDING);
  write(text, left + PADDING);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(HEIGHT, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", deflateSync(pixels)), chunk("IEND")]);
}

const WHITE = [255, 255, 255];
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const rgbOf = (color: string): number[] =>
  [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));

/** Where a letter is white. */
function dotsOf(letter: string): [number, number][] {
  const dots: [number, number][] = [];
  for (const [row, bits] of (FONT[letter] ?? []).entries()) {
    for (let column = 0; column < COLUMNS; column += 1) {
      if (((bits >> (COLUMNS - 1 - column)) & 1) === 0) continue;
      for (let dot = 0; dot < SCALE * SCALE; dot += 1) {
        dots.push([column * SCALE + (dot % SCALE), row * SCALE + Math.floor(dot / SCALE)]);
      }
    }
  }
  return dots;
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}
