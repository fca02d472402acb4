/** Plots as SVG text, which needs nothing but a browser. */

const width = 720;
const label_width = 170;
const bar_height = 22;
const gap = 6;
const plot_height = 220;
const margin = 48;

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

export function short(value: number): string {
  const sizes: readonly (readonly [number, string])[] = [
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ];
  for (const [size, unit] of sizes) if (Math.abs(value) >= size) return `${(value / size).toPrecision(3)}${unit}`;
  return Number(value.toPrecision(3)).toString();
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Our own bar stands out. */
  readonly own: boolean;
}

export function barPlot(title: string, bars: readonly Bar[]): string {
  const largest = Math.max(...bars.map(({ value }) => value));
  const room = width - label_width - 90;
  const height = bars.length * (bar_height + gap);
  const drawn = bars.map(({ label, value, own }, index) => {
    const y = index * (bar_height + gap);
    const long = Math.max(1, (value / largest) * room);
    const middle = y + bar_height * 0.7;
    return (
      `<text x="${label_width - 8}" y="${middle}" text-anchor="end">${escaped(label)}</text>` +
      `<rect x="${label_width}" y="${y}" width="${long.toFixed(1)}" height="${bar_height}" class="${own ? "own" : "other"}"/>` +
      `<text x="${(label_width + long + 6).toFixed(1)}" y="${middle}">${short(value)}</text>`
    );
  });
  return `<figure><figcaption>${escaped(title)}</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">${drawn.join("")}</svg></figure>`;
}

export interface Point {
  /** Stands under the point; points are as far apart as they are many. */
  readonly label: string;
  readonly value: number;
}

export function linePlot(title: string, points: readonly Point[]): string {
  const largest = Math.max(...points.map(({ value }) => value)) * 1.1;
  const step = points.length < 2 ? 0 : (width - 2 * margin) / (points.length - 1);
  const place = ({ value }: Point, index: number): readonly [string, string] => [
    (margin + index * step).toFixed(1),
    (plot_height - (value / largest) * (plot_height - 20)).toFixed(1),
  ];
  const line = points.map((point, index) => place(point, index).join(",")).join(" ");
  const marks = points.map((point, index) => {
    const [x, y] = place(point, index);
    return (
      `<circle cx="${x}" cy="${y}" r="4" class="own"/>` +
      `<text x="${x}" y="${Number(y) - 10}" text-anchor="middle">${short(point.value)}</text>` +
      `<text x="${x}" y="${plot_height + 20}" text-anchor="middle">${escaped(point.label)}</text>`
    );
  });
  return (
    `<figure><figcaption>${escaped(title)}</figcaption><svg viewBox="0 0 ${width} ${plot_height + 32}" role="img" aria-label="${escaped(title)}">` +
    `<line x1="${margin}" y1="${plot_height}" x2="${width - margin}" y2="${plot_height}" class="axis"/>` +
    `<polyline points="${line}" class="line"/>${marks.join("")}</svg></figure>`
  );
}
