import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, type Page } from '@playwright/test';

import { Backend } from './support/backend';
import { call, open, test } from './support/station';

/** Machines of the plant, and alarms of each: all of them stand from the start. */
const MACHINES = 500;
const ALARMS = 20;
const ROUNDS = 7;
/** A turn of the wheel each frame, for so long. */
const WHEEL_PX = 240;
const SCROLLED_MS = 4_000;

test('ten thousand active alarms', async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), 'andon-figures-'));
  let backend: Backend | null = null;
  try {
    await writePlant(folder);
    backend = await Backend.start(['serve', '--plant', folder]);
    await open(page, backend, '#/overview');
    await expect(page.getByTestId('alarm-total').or(page.getByTestId('banner')).first()).toBeVisible();
    await expect
      .poll(async () => (await call<{ alarms: unknown[] }>(page, 'alarms_read', {})).alarms.length)
      .toBe(MACHINES * ALARMS);
    // The page has the list once it can show it.
    await go(page, '#/alarms', '[data-testid=alarm-row]');
    const opened: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await go(page, '#/connections', '[data-testid=screen][data-screen=connections]');
      opened.push(await go(page, '#/alarms', '[data-testid=alarm-row]'));
    }
    say('the list opens, from the click to the painted rows', `${spread(opened)} ms`);

    const loaded: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const began = Date.now();
      await page.goto('about:blank');
      await page.goto(`${backend.origin}/#/alarms`);
      await page.getByTestId('alarm-row').first().waitFor();
      loaded.push(Date.now() - began);
    }
    say('the page from nothing to the rows, program included', `${spread(loaded)} ms`);

    const still = await frames(page, 0);
    const scrolled = await frames(page, WHEEL_PX);
    say('frames a second, at rest and scrolled', `${still.rate.toFixed(1)} and ${scrolled.rate.toFixed(1)}`);
    say('a frame while it is scrolled, median / 99 % / longest', `${scrolled.times} ms`);
    say('rows drawn in time, of those that came into sight', `${scrolled.drawn} of ${scrolled.looked}`);

    const { between, until } = await acknowledge(page);
    say('one is acknowledged: from the command to the list that shows it', `${spread(until)} ms`);
    say('meanwhile, the longest time between two frames', `${spread(between)} ms`);
  } finally {
    await backend?.end();
    await rm(folder, { recursive: true, force: true });
  }
});

/** Every alarm watches a calculated tag that is above its limit from the first moment on. */
async function writePlant(folder: string): Promise<void> {
  const lines = ['[plant]', 'name = "Ten thousand"'];
  for (let tag = 0; tag < ALARMS; tag += 1) {
    lines.push('[[templates.press.tags]]', `id = "t${tag}"`, `name = "Temperature ${tag}"`, 'unit = "°C"');
    lines.push(`formula = "80 + ${tag}"`, '[[templates.press.alarms]]', `tag = "t${tag}"`, `id = "hot${tag}"`);
    lines.push(`message = "Temperature ${tag} is too high"`, 'kind = "high"', 'limit = 50');
    lines.push(`priority = ${1 + (tag % 4)}`);
  }
  for (let machine = 0; machine < MACHINES; machine += 1) {
    const path = `works/hall${machine % 5}/line${machine % 25}/press${machine}`;
    lines.push('[[machines]]', `path = "${path}"`, `name = "Press ${machine}"`, 'template = "press"');
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'plant.toml'), lines.join('\n'));
}

/** Goes to an address within the page. Milliseconds until something is there and the frame that has it is painted. */
async function go(page: Page, hash: string, selector: string): Promise<number> {
  return page.evaluate(
    async ([hash, selector]) => {
      const frame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));
      const began = performance.now();
      location.hash = hash;
      while (document.querySelector(selector) === null) await frame();
      // What follows a frame's callbacks is its painting: a task of its own comes behind it.
      await frame();
      await new Promise((done) => setTimeout(done, 0));
      return performance.now() - began;
    },
    [hash, selector] as const,
  );
}

interface Frames {
  rate: number;
  times: string;
  looked: number;
  drawn: number;
}

/** Scrolls the list by some pixels each frame and looks at each whether rows are where the eye is. */
async function frames(page: Page, pixels: number): Promise<Frames> {
  const { deltas, looked, drawn } = await page.evaluate(
    async ([pixels, lasting]) => {
      const grid = document.querySelector<HTMLElement>('[data-testid=alarm-grid]');
      if (grid === null) throw new Error('the list is not there');
      const middle = grid.getBoundingClientRect();
      const deltas: number[] = [];
      let [looked, drawn] = [0, 0];
      let before = await new Promise<number>((done) => requestAnimationFrame(done));
      const end = before + lasting;
      while (before < end) {
        grid.scrollTop += pixels;
        const now = await new Promise<number>((done) => requestAnimationFrame(done));
        deltas.push(now - before);
        before = now;
        looked += 1;
        const there = document.elementFromPoint(middle.x + 300, middle.y + middle.height / 2);
        if (there?.closest('[data-testid=alarm-row]') != null) drawn += 1;
      }
      return { deltas, looked, drawn };
    },
    [pixels, SCROLLED_MS] as const,
  );
  const rate = (1_000 * deltas.length) / deltas.reduce((sum, each) => sum + each, 0);
  return { rate, times: spread(deltas), looked, drawn };
}

interface Acknowledged {
  between: number[];
  until: number[];
}

/** Acknowledges one alarm after the other. The longest time between two frames until the list shows each, and that time. */
async function acknowledge(page: Page): Promise<Acknowledged> {
  const all: Acknowledged = { between: [], until: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    await page.getByTestId('alarm-grid').evaluate((grid) => grid.scrollTo({ top: 0 }));
    const occurrence = await page.getByTestId('alarm-row').first().getAttribute('data-occurrence');
    const { between, until } = await page.evaluate(async (occurrence) => {
      const next = (): Promise<number> => new Promise((done) => requestAnimationFrame(done));
      const row = `[data-testid=alarm-row][data-occurrence="${occurrence}"]`;
      const answer = fetch('/api/call/alarm_acknowledge', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ occurrences: [occurrence], note: '' }),
      });
      const began = await next();
      let [between, before] = [0, began];
      // It leaves the top of the list once it is acknowledged.
      while (document.querySelector(row) !== null && before < began + 20_000) {
        const now = await next();
        between = Math.max(between, now - before);
        before = now;
      }
      if (!(await answer).ok || document.querySelector(row) !== null) throw new Error('it stays where it is');
      return { between, until: before - began };
    }, occurrence);
    all.between.push(between);
    all.until.push(until);
  }
  return all;
}

function spread(values: number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return [0.5, 0.99, 1].map((share) => at(share).toFixed(0)).join(' / ');
}

function say(what: string, figure: string): void {
  console.log(`| ${what} | ${figure} |`);
}
