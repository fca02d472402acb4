/** Small drawings, as lines of the colour of the text beside them. */

const paths = {
  hash: "M7.5 3.5 6 16.5M14 3.5l-1.5 13M3.5 7.5h13.5M3 12.5h13.5",
  lock: "M5.5 9h9a1 1 0 0 1 1 1v5.5a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1ZM7 9V6.5a3 3 0 0 1 6 0V9",
  horn: "M4 8.5v3l2 .4 8.5 3.6v-11L6 8.1ZM6.5 12l1 4h2l-.8-3",
  people:
    "M7.5 9.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6M2.5 16c0-2.8 2.2-4.5 5-4.5s5 1.7 5 4.5M13 4.6a2.6 2.6 0 0 1 0 4.8M14.5 11.8c1.9.5 3 2 3 4.2",
  plus: "M10 4.5v11M4.5 10h11",
  more: "M4.7 10h.01M10 10h.01M15.3 10h.01",
  close: "m5.5 5.5 9 9M14.5 5.5l-9 9",
} as const;

export type IconName = keyof typeof paths;

const space = "http://www.w3.org/2000/svg";

export function icon(name: IconName): SVGElement {
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 20 20");
  drawing.setAttribute("aria-hidden", "true");
  if (name === "more") drawing.classList.add("dots");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", paths[name]);
  drawing.append(path);
  return drawing;
}

/** A drawing of one shape from squares, for what is not one of ours. */
export function squares(size: number, filled: (x: number, y: number) => boolean): SVGElement {
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", `0 0 ${size} ${size}`);
  drawing.setAttribute("shape-rendering", "crispEdges");
  let d = "";
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) if (filled(x, y)) d += `M${x} ${y}h1v1h-1z`;
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", d);
  drawing.append(path);
  return drawing;
}
