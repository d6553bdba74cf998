// The pictures of docs/images: the suite and three scenarios.

import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { launch, open } from './browser.mjs';

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });

// Page, and how much of its height is shown: the story, not the last table.
const subjects = [
  ['suite', '', 1000],
  ['hang', '#s-hang', 1900],
  ['flapping', '#s-flapping-provider', 1900],
  ['afternoon', '#s-long-afternoon', 1900],
];
const browser = await launch();
for (const [name, hash, height] of subjects) {
  for (const scheme of ['light', 'dark']) {
    for (const [form, width] of [['wide', 1120], ['narrow', 390]]) {
      const page = await open(browser, 'pictures', { width, height, hash, colorScheme: scheme, reducedMotion: 'reduce' });
      await page.evaluate(() => scrollTo(0, 0));
      const path = join(folder, `report-${name}-${scheme}-${form}.png`);
      await page.screenshot({ path, animations: 'disabled' });
      console.log(`${path}: ${Math.round(statSync(path).size / 1000)} kB`);
      await page.context().close();
    }
  }
}
await browser.close();
