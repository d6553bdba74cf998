// What a reader of a report can rely on, in a real browser.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { launch, open, pages } from './browser.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

// A test gets a page of its own and leaves no noise behind.
const on = (name, options, title, body) => test(title, async () => {
  const page = await open(browser, name, options);
  try {
    await body(page);
    assert.deepEqual(page.noise, [], 'the console is silent and nothing is fetched');
  } finally {
    await page.context().close();
  }
});

const visible = (page) => page.evaluate(() =>
  [...document.querySelectorAll('.page')].filter((one) => getComputedStyle(one).display !== 'none').map((one) => one.id));
const texts = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent));

test('twenty thousand requests fit into three megabytes', () => {
  const size = statSync(join(pages, 'large.html')).size;
  console.log(`20,000 requests: ${Math.round(size / 1000)} kB`);
  assert.ok(size < 3_000_000, `${size} bytes`);
});

on('large', {}, 'every chart has marks, a name and words for those who do not see it', async (page) => {
  const charts = await page.$$eval('.scenario svg.chart', (all) => all.map((chart) => ({
    name: chart.getAttribute('aria-label'),
    told: chart.querySelector('desc')?.textContent ?? '',
    role: chart.getAttribute('role'),
    // One in a row of words that say the same.
    silent: chart.getAttribute('aria-hidden') === 'true',
    marks: [...chart.querySelectorAll('path, rect, line, circle, text, use')].filter((mark) => !mark.matches('.grid, .base, .edge, .shade')).length,
  })));
  assert.ok(charts.length >= 8, `${charts.length} charts`);
  for (const chart of charts) {
    if (!chart.silent) {
      assert.ok(chart.name && chart.role === 'img', JSON.stringify(chart));
      assert.ok(chart.told.length > 0, `${chart.name} is told in words`);
    }
    assert.ok(chart.marks > 0, `${chart.name} has marks`);
  }
});

on('large', {}, 'pointing at a moment shows it in every chart over time', async (page) => {
  const rest = await texts(page, '.scenario [data-s]');
  const plot = page.locator('figure .linked').first();
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  // A quarter of 400 s is inside the first fault.
  await page.mouse.move(box.x + box.width * 0.25, box.y + box.height / 2);
  const plots = await page.locator('.linked').count();
  assert.ok(plots >= 7, `${plots} charts are linked`);
  const places = await page.$$eval('.linked .cursor:not([hidden])', (all) => all.map((one) => parseFloat(one.style.left)));
  assert.equal(places.length, plots);
  places.forEach((place) => assert.ok(Math.abs(place - 25) < 1, `${place} %`));
  const shown = await texts(page, '.scenario [data-s]');
  assert.ok(shown.filter((text, index) => text !== rest[index]).length >= rest.length / 2, `${rest}\n${shown}`);
  assert.match(await page.getAttribute('.cursor.here', 'data-when'), /1:4\d/);
  await page.mouse.move(5, 5);
  assert.deepEqual(await texts(page, '.scenario [data-s]'), rest);
});

on('large', {}, 'arrow keys do the same, and say it', async (page) => {
  const plot = page.locator('figure .linked').nth(1);
  await plot.focus();
  await page.keyboard.press('ArrowRight');
  const first = await page.textContent('.said');
  for (let step = 0; step < 5; step += 1) await page.keyboard.press('Shift+ArrowRight');
  const later = await page.textContent('.said');
  assert.match(first, /primary \d/);
  assert.notEqual(first, later);
  assert.equal(await page.locator('.linked .cursor:not([hidden])').count(), await page.locator('.linked').count());
  await page.keyboard.press('End');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.linked .cursor:not([hidden])').count(), 0);
});

on('suite', { colorScheme: 'light' }, 'the scheme follows the system, until it is chosen', async (page) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await ground();
  assert.notEqual(light, dark);
  await page.click('.scheme');
  assert.equal(await ground(), light);
  assert.match(await page.getAttribute('.scheme', 'aria-label'), /dark/);
});

on('suite', {}, 'suite, scenario and back, by keyboard alone', async (page) => {
  assert.deepEqual(await visible(page), ['suite']);
  const goal = await page.getAttribute('#suite a[href^="#s-"]', 'href');
  for (let tabs = 0; tabs < 60; tabs += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(() => document.activeElement.getAttribute('href')) === goal) break;
  }
  assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'solid', 'the focus is seen');
  await page.keyboard.press('Enter');
  await page.waitForFunction((id) => document.querySelector(id).offsetParent !== null, goal);
  assert.deepEqual(await visible(page), [goal.slice(1)]);
  await page.keyboard.press('j');
  await page.waitForFunction((id) => document.querySelector(id).offsetParent === null, goal);
  assert.equal((await visible(page)).length, 1);
  await page.keyboard.press('k');
  await page.waitForFunction((id) => document.querySelector(id).offsetParent !== null, goal);
  await page.goBack();
  await page.goBack();
  await page.goBack();
  assert.deepEqual(await visible(page), ['suite']);
});

on('suite', {}, 'an address inside a page shows that page', async (page) => {
  for (const hash of await page.$$eval('.scenario [id$="--promises"]', (all) => all.map((one) => `#${one.id}`))) {
    await page.evaluate((to) => { location.hash = to; }, hash);
    assert.deepEqual(await visible(page), [hash.slice(1).replace('--promises', '')]);
  }
  await page.evaluate(() => { location.hash = '#def-availability'; });
  assert.deepEqual(await visible(page), ['definitions']);
});

on('suite', {}, 'every link leads somewhere, and no id is used twice', async (page) => {
  const lost = await page.$$eval('a[href^="#"]', (all) =>
    [...new Set(all.map((one) => one.getAttribute('href')))].filter((href) => !document.getElementById(href.slice(1))));
  assert.deepEqual(lost, []);
  const ids = await page.$$eval('[id]', (all) => all.map((one) => one.id));
  assert.deepEqual(ids.filter((id, index) => ids.indexOf(id) !== index), []);
});

on('suite', {}, 'what was read is text', async (page) => {
  assert.equal(await page.title().then((title) => title.includes('owned')), false);
  assert.equal(await page.locator('.page script:not([type="application/json"]), .page img').count(), 0);
  const wicked = page.locator('.scenario', { hasText: 'wicked <img src=x onerror=alert(1)>' });
  assert.ok((await wicked.count()) >= 1);
});

for (const width of [360, 768]) {
  on('suite', { width, height: 800 }, `no page is wider than a screen of ${width} pixels`, async (page) => {
    const ids = await page.$$eval('.page', (all) => all.map((one) => one.id));
    for (const id of ids) {
      await page.evaluate((to) => { location.hash = to; }, id);
      const wide = await page.evaluate(() => {
        const limit = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= limit) return [];
        return [...document.querySelectorAll('main *')]
          .filter((one) => one.getBoundingClientRect().right > limit + 1 && !one.closest('.scroll, .command, svg'))
          .map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 40)}`).slice(0, 5).concat('the page itself');
      });
      assert.deepEqual(wide, [], id);
    }
  });
}

on('suite', { javaScriptEnabled: false }, 'without a script everything is there', async (page) => {
  // Locators work without scripts of the page; what they find is what a reader sees.
  assert.ok(await page.locator('#suite').isVisible());
  assert.equal(await page.locator('button:visible').count(), 0, 'no button that does nothing');
  await page.locator('#suite a[href^="#s-"]').first().click();
  assert.equal(await page.locator('#suite').isVisible(), false);
  const page_ = page.locator('.scenario:visible');
  assert.equal(await page_.count(), 1);
  for (const part of ['verdict', 'key', 'timeline', 'expectations', 'promises', 'figures', 'reproduce']) {
    assert.ok(await page_.locator(`[id$="--${part}"]`).first().isVisible(), part);
  }
  await page_.locator('details summary').first().click();
  assert.ok(await page_.locator('details[open] table').first().isVisible());
});

on('large', {}, 'a large run opens quickly', async (page) => {
  const { ready, elements } = await page.evaluate(() => ({
    ready: performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd,
    elements: document.querySelectorAll('*').length,
  }));
  console.log(`20,000 requests: ready after ${Math.round(ready)} ms, ${elements} elements`);
  assert.ok(ready < 5_000 && elements < 30_000, `${ready} ms, ${elements} elements`);
});
