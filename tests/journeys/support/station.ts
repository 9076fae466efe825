import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

import { expect, test as base, type Page } from '@playwright/test';

import { Backend } from './backend';

/**
 * A folder with a built user interface to try in place of the program's own, so that whoever works on a screen need not
 * build the program each time.
 */
const UI = process.env['ANDON_UI'];

/** Machines of the demo plant, in order of flow. The first, third and fifth are behind the PLC, the others behind the broker. */
export const MACHINES = ['depalletiser', 'filler', 'capper', 'labeller', 'packer', 'palletiser'] as const;

/** The equipment path of a demo machine. */
export function machine(name: (typeof MACHINES)[number]): string {
  return `demo/filling/line1/${name}`;
}

/** The screens that a journey goes through, each with its address. */
export const SCREENS = {
  overview: '#/overview',
  machine: `#/machine/${machine('filler')}`,
  trends: '#/trends',
  alarms: '#/alarms',
  journal: '#/journal',
  performance: '#/performance',
  connections: '#/connections',
} as const;

/** One backend for all journeys of a file: started before the first, ended after the last. */
export function useBackend(): () => Backend {
  let backend: Backend | null = null;
  base.beforeAll(async ({}, info) => {
    info.setTimeout(120_000);
    backend = await Backend.start();
  });
  base.afterAll(async () => {
    await backend?.end();
    backend = null;
  });
  return () => {
    if (backend === null) throw new Error('the backend is there once the first journey of the file begins');
    return backend;
  };
}

/**
 * A page that fails its journey when anything in it goes wrong: an exception, a violated content security policy, a
 * request to anywhere but its own server.
 */
export const test = base.extend({
  page: async ({ page }, use) => {
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(`exception: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      // A server that was killed on purpose refuses connections, and the browser says so.
      if (message.type() === 'error' && !/ERR_CONNECTION|Failed to load resource/.test(message.text())) {
        wrong.push(`console: ${message.text()}`);
      }
    });
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol.startsWith('http') && hostname !== '127.0.0.1') wrong.push(`request to ${request.url()}`);
    });
    await use(page);
    expect(wrong, 'nothing goes wrong in the page').toEqual([]);
  },
});

/** Opens a screen and waits until its values are live. */
export async function open(page: Page, backend: Backend, hash: string): Promise<void> {
  if (UI === undefined) await page.goto(backend.url);
  else await useBuiltPage(page, backend, UI);
  await page.goto(`${backend.origin}/${hash}`);
  await expectLive(page);
}

/** Waits until the page says that it is live. */
export async function expectLive(page: Page): Promise<void> {
  await expect(page.getByTestId('liveness')).toHaveAttribute('data-liveness', 'live', { timeout: 20_000 });
}

/** Runs a command of the contract in the page, with the page's own cookie. */
export async function call<T>(page: Page, command: string, request: object): Promise<T> {
  const answer: unknown = await page.evaluate(
    async ([name, body]) => {
      const response = await fetch(`/api/call/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
      return response.json() as Promise<unknown>;
    },
    [command, request] as const,
  );
  return answer as T;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Puts the built user interface in `folder` in place of the program's own, under the same headers. */
async function useBuiltPage(page: Page, backend: Backend, folder: string): Promise<void> {
  // A redirect is not routed: the cookie that the address with the token gives is fetched beside the page.
  await page.request.get(backend.url);
  await page.route(`${backend.origin}/**`, async (route) => {
    const { pathname, search } = new URL(route.request().url());
    if (pathname.startsWith('/api/') || search !== '') {
      await route.continue();
      return;
    }
    const name = pathname === '/' ? '/index.html' : pathname;
    const front = await page.request.get(`${backend.origin}/`);
    const headers = { ...front.headers(), 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' };
    delete (headers as Record<string, string>)['content-length'];
    await route.fulfill({ status: 200, headers, body: await readFile(join(folder, name)) });
  });
}
