// The built page in Chromium against a scripted agent: how every place looks, to the eye and to a screen reader.
import assert from 'node:assert/strict';
import { onPage, PLACES } from './browser.mjs';
import * as worlds from './worlds.mjs';

for (const dark of [false, true]) {
  for (const world of ['everyday', 'mass', 'broken', 'empty', 'hostile', 'preview', 'undone', 'asking']) {
    onPage(`axe finds nothing in any place: ${world}, ${dark ? 'dark' : 'light'}`, worlds[world], { dark }, async ({ page, axe, shot }) => {
      for (const place of PLACES) {
        await page.locator(`nav a[href="#${place}"]`).click();
        // Else what is counted may still be of the place before.
        await page.locator(`nav a[href="#${place}"][aria-current="page"]`).waitFor();
        const folded = page.locator('article button[aria-expanded="false"]');
        if (place === 'activity' && (await folded.count())) await folded.first().click();
        assert.deepEqual(await axe(), [], place);
        await shot(`${world}-${place}-${dark ? 'dark' : 'light'}`);
      }
    });
  }
}

for (const width of [380, 460, 900]) {
  onPage(`nothing sticks out sideways at ${width} px`, worlds.hostile, { width }, async ({ page, shot }) => {
    for (const place of PLACES) {
      await page.locator(`nav a[href="#${place}"]`).click();
      const wider = await page.evaluate(() =>
        [...document.querySelectorAll('main, main *, header *')]
          .filter((element) => !element.closest('.one-line, .unseen, .track'))
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
          .map((element) => element.outerHTML.slice(0, 120)));
      assert.deepEqual(wider, [], place);
      await shot(`hostile-${place}-${width}`);
    }
  });
}

onPage('hostile titles stay text', worlds.hostile, {}, async ({ page }) => {
  for (const place of PLACES) {
    await page.locator(`nav a[href="#${place}"]`).click();
    assert.equal(await page.locator('main img, main script, header img').count(), 0);
  }
  assert.equal(await page.evaluate(() => window.pwned), undefined);
});
