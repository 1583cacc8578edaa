/** A bar chart, drawn into an SVG with others. */
export interface Panel {
  readonly title: string;
  readonly subtitle: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** How the value is written. */
  readonly text: string;
  /** This project's is drawn in colour. */
  readonly isOurs: boolean;
}

const [BAR, GAP, VALUES, TITLE] = [14, 4, 78, 40];

/** Room for the names, and as many panels in a row. */
export interface Layout {
  readonly labels: number;
  readonly columns: number;
  readonly width: number;
}

/** An SVG of bar charts, row by row. */
export function barCharts(panels: readonly Panel[], { labels, columns, width }: Layout): string {
  const height = TITLE + Math.max(...panels.map(({ bars }) => bars.length)) * (BAR + GAP) + 16;
  const drawn = panels.map((panel, index) => {
    const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
    return `<g transform="translate(${x + 10} ${y + 10})">${draw(panel, labels, width - labels - VALUES - 10)}</g>`;
  });
  const [all, high] = [columns * width + 10, Math.ceil(panels.length / columns) * height + 10];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${all}" height="${high}" font-family="sans-serif" font-size="11">\n` +
    `<rect width="${all}" height="${high}" fill="#fff"/>\n${drawn.join('\n')}\n</svg>\n`
  );
}

/** `room`: the length of the longest bar. */
function draw({ title, subtitle, bars }: Panel, labels: number, room: number): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const drawn = bars.map(({ name, value, text, isOurs }, line) => {
    const y = TITLE + line * (BAR + GAP);
    const width = Math.max(1, (room * value) / most).toFixed(1);
    return (
      `<text x="${labels - 6}" y="${y + BAR - 3}" text-anchor="end">${name}</text>` +
      `<rect x="${labels}" y="${y}" width="${width}" height="${BAR}" fill="${isOurs ? '#1f6feb' : '#9aa4b0'}"/>` +
      `<text x="${labels + Number(width) + 4}" y="${y + BAR - 3}">${text}</text>`
    );
  });
  const head = `<text x="0" y="12" font-weight="bold">${title}</text><text x="0" y="28" fill="#555">${subtitle}</text>`;
  return head + drawn.join('');
}
