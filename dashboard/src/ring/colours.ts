/** Degrees between the hues of two neighbours: the first few dozen all look different. */
const GOLDEN_ANGLE = 137.508;
const SATURATION = 0.66;
/** Relative luminances: all of them have a contrast of 3 or more to the light page and to the dark one. */
const LUMINANCES = [0.2, 0.285, 0.155];

/** Red, green, blue from 0 to 255. */
export type Rgb = readonly [number, number, number];

const known = new Map<number, Rgb>();

/** The colour of a ring id, the same everywhere and after a replacement. */
export function colourOf(ringId: number): Rgb {
  const colour = known.get(ringId) ?? made(ringId);
  known.set(ringId, colour);
  return colour;
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** As WCAG has it, 0 to 1. */
export function luminance([red, green, blue]: Rgb): number {
  const linear = (channel: number) =>
    channel <= 10.3 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function made(ringId: number): Rgb {
  const hue = (200 + ringId * GOLDEN_ANGLE) % 360;
  const wanted = LUMINANCES[ringId % LUMINANCES.length] ?? 0.2;
  // Of two hues with the same lightness one may be many times as bright.
  let [least, most] = [0, 1];
  for (let step = 0; step < 12; step++) {
    const middle = (least + most) / 2;
    if (luminance(rgb(hue, middle)) < wanted) least = middle;
    else most = middle;
  }
  return rgb(hue, most);
}

function rgb(hue: number, lightness: number): Rgb {
  const amplitude = SATURATION * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - amplitude * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
