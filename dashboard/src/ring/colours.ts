/** Degrees between the hues of two neighbours: the first few dozen all look different. */
const GOLDEN_ANGLE = 137.508;
const LIGHTNESS = [0.5, 0.62, 0.4];

/** Red, green, blue from 0 to 255. */
export type Rgb = readonly [number, number, number];

/** The colour of a ring id, the same everywhere and after a replacement. */
export function colourOf(ringId: number): Rgb {
  const hue = (200 + ringId * GOLDEN_ANGLE) % 360;
  const lightness = LIGHTNESS[Math.floor(ringId / 8) % LIGHTNESS.length] ?? 0.5;
  const amplitude = 0.62 * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - amplitude * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}
