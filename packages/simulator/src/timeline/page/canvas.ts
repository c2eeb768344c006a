/** A canvas as large as its place on the page, sharp on every screen. */

export interface Surface {
  readonly element: HTMLCanvasElement;
  /** In CSS pixels. */
  size(): { readonly width: number; readonly height: number };
  /** Cleared, with CSS pixels as units. Undefined while it has no size. */
  begin(): CanvasRenderingContext2D | undefined;
}

export function createSurface(element: HTMLCanvasElement, onResize: () => void): Surface {
  const context = element.getContext("2d");
  let width = 0;
  let height = 0;
  const measure = (): void => {
    const box = element.getBoundingClientRect();
    if (box.width === width && box.height === height) return;
    width = box.width;
    height = box.height;
    onResize();
  };
  new ResizeObserver(measure).observe(element);
  measure();
  return {
    element,
    size: () => ({ width, height }),
    begin: () => {
      if (context === null || width < 1 || height < 1) return undefined;
      const ratio = Math.min(4, window.devicePixelRatio || 1);
      const wide = Math.round(width * ratio);
      const high = Math.round(height * ratio);
      if (element.width !== wide || element.height !== high) {
        element.width = wide;
        element.height = high;
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      return context;
    },
  };
}

const patterns = new WeakMap<CanvasRenderingContext2D, Map<string, CanvasPattern | string>>();

/** Slanted lines: for what is absent, and for what is too much to draw. Made once for each colour. */
export function hatch(context: CanvasRenderingContext2D, colour: string, gap: number): CanvasPattern | string {
  const ratio = Math.min(4, window.devicePixelRatio || 1);
  const known = patterns.get(context) ?? new Map<string, CanvasPattern | string>();
  patterns.set(context, known);
  const key = `${colour}/${gap}/${ratio}`;
  const pattern = known.get(key) ?? makeHatch(context, colour, gap, ratio);
  // Colours change with the theme, sharpness with the screen: a handful.
  if (known.size > 32) known.clear();
  known.set(key, pattern);
  return pattern;
}

function makeHatch(context: CanvasRenderingContext2D, colour: string, gap: number, ratio: number): CanvasPattern | string {
  const size = Math.round(gap * ratio);
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext("2d");
  if (pen === null) return colour;
  pen.strokeStyle = colour;
  pen.lineWidth = ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern ?? colour;
}
