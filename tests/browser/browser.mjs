// A Chromium and the pages it opens.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.env.BROWNOUT_BROWSER_MODULES, 'package.json'));
const { chromium } = require('playwright-core');

export const pages = process.env.BROWNOUT_PAGES;

export const launch = () =>
  chromium.launch({ executablePath: process.env.BROWNOUT_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });

// Opens a report. What its console says, and what it would have fetched, is kept in `noise`.
export async function open(browser, name, { width = 1200, height = 900, hash = '', ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  const page = await context.newPage();
  page.noise = [];
  page.on('console', (message) => page.noise.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => page.noise.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => { page.noise.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (!request.url().startsWith('file:')) page.noise.push(`fetched ${request.url()}`); });
  await page.goto(pathToFileURL(join(pages, `${name}.html`)).href + hash);
  return page;
}
