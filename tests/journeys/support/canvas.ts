import type { Locator } from '@playwright/test';

/** How many different colours a canvas shows: one for an empty one. */
export async function colours(canvas: Locator): Promise<number> {
  return canvas.evaluate((element) => {
    const drawn = element as HTMLCanvasElement;
    const pixels = drawn.getContext('2d')?.getImageData(0, 0, drawn.width, drawn.height).data;
    if (pixels === undefined) return 0;
    const words = new Uint32Array(pixels.buffer);
    return new Set(words).size;
  });
}

/** How many pixels of a canvas are near a colour of the page's tokens. */
export async function pixelsOf(canvas: Locator, token: string): Promise<number> {
  return canvas.evaluate((element, name) => {
    const drawn = element as HTMLCanvasElement;
    const colour = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const wanted = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    const pixels = drawn.getContext('2d')?.getImageData(0, 0, drawn.width, drawn.height).data ?? [];
    let count = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      if (wanted.every((part, i) => Math.abs((pixels[at + i] ?? 0) - part) < 12) && (pixels[at + 3] ?? 0) > 200)
        count += 1;
    }
    return count;
  }, token);
}
