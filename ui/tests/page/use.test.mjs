// The built page in Chromium against a scripted agent: what happens when it is used.
import assert from 'node:assert/strict';
import { onPage, PLACES } from './browser.mjs';
import * as worlds from './worlds.mjs';

const eventually = async (look, what) => {
  for (let tries = 0; tries < 60; tries++) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`never came: ${what}`);
};

onPage('the keyboard alone reaches every place, opens an entry and tries again', worlds.everyday, {}, async ({ page, agent }) => {
  const focused = () => page.evaluate(() => {
    const { activeElement: element } = document;
    const style = getComputedStyle(element);
    return { name: (element.getAttribute('aria-label') ?? element.textContent).trim(), ring: style.outlineStyle !== 'none' };
  });
  const tabTo = async (name) => {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      const now = await focused();
      if (now.name.startsWith(name)) {
        assert.ok(now.ring, `${name} shows that it has the focus`);
        return;
      }
    }
    assert.fail(`no way to ${name}`);
  };
  for (const place of ['Activity', 'Accounts', 'Settings', 'Meetings']) {
    if (place === 'Meetings') await page.locator('nav a').first().focus();
    else await tabTo(place);
    await page.keyboard.press('Enter');
    await eventually(async () => (await focused()).name === place, `the heading of ${place} has the focus`);
    await page.locator('header button').first().focus();
  }
  await tabTo('Activity');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Activity' }).waitFor();
  await tabTo('Interview');
  await page.keyboard.press('Enter');
  await tabTo('Try again');
  await page.keyboard.press('Space');
  await eventually(() => agent.of('retry').length === 1, 'retry is sent');
  assert.deepEqual(agent.of('retry')[0], { command: 'retry', meeting: 'm5' });
});

onPage('retry sends the command and its end is read out', worlds.everyday, {}, async ({ page, agent }) => {
  await page.getByRole('button', { name: 'Try again: Interview' }).click();
  await page.locator('[aria-live] p', { hasText: 'Trying again: ' }).waitFor();
  assert.deepEqual(agent.pressed, [{ command: 'retry', meeting: 'm5' }]);
  agent.script.ignore = () => Promise.reject(worlds.problem('internal', 'The disk is full.', 'Make room.'));
  await page.getByRole('button', { name: 'Leave as it is: Interview' }).click();
  await page.locator('[aria-live] p', { hasText: 'The disk is full.' }).waitFor();
});

onPage('P8: held deletions are agreed to together, and exactly those shown', worlds.mass, {}, async ({ page, agent }) => {
  agent.script.approve = () => {
    agent.change((world) => {
      world.status.held = [];
      world.meetings = [];
    });
    return { reply: 'done' };
  };
  assert.equal(await page.locator('.question li').count(), 8);
  await page.getByRole('button', { name: 'Delete all 8 meetings' }).click();
  await page.locator('[aria-live] p', { hasText: '8 meetings are being deleted' }).waitFor();
  assert.deepEqual(agent.of('approve')[0].meetings, Array.from({ length: 8 }, (_, at) => `m${at + 20}`));
  await page.locator('.question').waitFor({ state: 'detached' });
  await eventually(() => page.evaluate(() => document.activeElement?.tagName === 'H1'), 'focus after the button went away');
});

onPage('what is out of step is brought in step by one word, exactly what is shown', worlds.asking, {}, async ({ page, agent }) => {
  agent.script.approve = () => {
    agent.change((world) => {
      world.status.asking = [];
    });
    return { reply: 'done' };
  };
  await page.getByRole('button', { name: 'Bring all 2 in step' }).click();
  await page.locator('[aria-live] p', { hasText: 'Bringing 2 meetings in step' }).waitFor();
  assert.deepEqual(agent.of('approve')[0].meetings, ['m2', 'm3']);
  await page.locator('.question').waitFor({ state: 'detached' });
});

onPage('P8: held deletions are refused together', worlds.mass, {}, async ({ page, agent }) => {
  await page.getByRole('button', { name: 'Keep them all' }).click();
  await eventually(() => agent.of('refuse').length === 1, 'refuse is sent');
  assert.equal(agent.of('refuse')[0].meetings.length, 8);
});

onPage('a change at the agent shows by itself', worlds.calm, {}, async ({ page, agent }) => {
  await page.getByText('In step', { exact: true }).first().waitFor();
  agent.change((world) => {
    world.meetings[1].title = 'Stand-up, moved';
    world.status.overall = 'syncing';
  });
  await page.getByRole('heading', { name: 'Stand-up, moved' }).waitFor();
  await page.locator('.standing', { hasText: 'Syncing' }).waitFor();
});

onPage('P11: the age of what is shown grows, also when the agent is gone, and it is believed again when it is back', worlds.calm, {}, async (opened) => {
  const { page, agent, complaints, shot } = opened;
  await page.getByText('As of 2 minutes ago').waitFor();
  await page.clock.setFixedTime(worlds.NOW + 20 * 60_000);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await page.getByText('As of 22 minutes ago').waitFor();
  agent.subscribe = (_, end) => (end(), () => {});
  agent.hangUp();
  await page.getByText('Reconvene is not answering').waitFor();
  assert.ok(await page.getByText('As of 22 minutes ago').isVisible());
  assert.ok(await page.getByRole('heading', { name: 'Stand-up' }).isVisible());
  await shot('agent-gone');
  delete agent.subscribe;
  await page.locator('.standing', { hasText: 'In step' }).waitFor();
  // The browser notes that the stream ended, which was the point.
  complaints.length = 0;
});

onPage('P11: offline and a lost grant are said in the state line of every place', worlds.broken, {}, async ({ page, agent }) => {
  for (const place of PLACES) {
    await page.locator(`nav a[href="#${place}"]`).click();
    assert.equal(await page.locator('.standing').textContent(), 'Sign in again');
    assert.ok(await page.getByText('As of 3 hours ago').isVisible());
  }
  agent.change((world) => {
    world.status.overall = 'offline';
  });
  await page.locator('.standing', { hasText: 'Offline' }).waitFor();
});

onPage('P10: a refresh that fails leaves what was known, and says so', worlds.calm, {}, async ({ page, agent }) => {
  agent.script.meetings = () => Promise.reject(worlds.problem('database_damaged', 'The database cannot be read.'));
  agent.change((world) => (world.status.counts.in_step = 3));
  await page.getByText('The database cannot be read.').waitFor();
  assert.ok(await page.getByRole('heading', { name: 'Stand-up' }).isVisible());
});

onPage('when nothing can be loaded it says so, and trying again helps', worlds.calm, {
  script: { meetings: () => Promise.reject(worlds.problem('database_damaged', 'The database cannot be read.', 'Restore a copy.')) },
}, async ({ page, agent, shot, axe }) => {
  await page.getByText('The database cannot be read. Restore a copy.').waitFor();
  assert.deepEqual(await axe(), []);
  await shot('not-loaded');
  delete agent.script.meetings;
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Stand-up' }).waitFor();
});

for (const dark of [false, true]) {
  onPage(`first start walks from the calendar to what was found, ${dark ? 'dark' : 'light'}`, worlds.first, { dark }, async ({ page, agent, shot, axe }) => {
    const later = worlds.everyday();
    let finish;
    agent.script.sign_in = ({ service }) => ({ reply: 'sign_in', value: { ticket: service, url: `https://sign.in/${service}` } });
    agent.script.await_sign_in = () => new Promise((resolve) => (finish = resolve));
    const step = async (name) => {
      await page.getByRole('heading', { level: 1, name }).waitFor();
      assert.deepEqual(await axe(), [], name);
      await shot(`start-${name.split(' ').at(-1)}-${dark ? 'dark' : 'light'}`);
    };

    await step('Connect Google Calendar');
    await page.getByRole('button', { name: 'Connect Google Calendar' }).click();
    assert.equal(await page.getByRole('textbox').inputValue(), 'https://sign.in/google');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await eventually(() => agent.of('cancel_sign_in').length === 1, 'the sign-in is called off');
    await page.getByRole('button', { name: 'Connect Google Calendar' }).click();
    await eventually(() => agent.of('await_sign_in').length === 2, 'it begins again');
    assert.deepEqual(agent.of('open_link').at(-1), { command: 'open_link', url: 'https://sign.in/google' });
    agent.change((world) => {
      world.accounts = [later.accounts[0]];
      world.calendars = later.calendars.map((calendar) => ({ ...calendar, watched: false }));
    });
    finish({ reply: 'account', value: later.accounts[0] });

    await step('Choose calendars');
    assert.ok(await page.getByRole('checkbox', { name: /Charles B/ }).isDisabled());
    await page.getByRole('checkbox', { name: /Ada Lovelace/ }).check();
    await page.getByRole('button', { name: 'Continue' }).click();

    await step('Connect Zoom');
    await page.getByRole('button', { name: 'Connect Zoom' }).click();
    await eventually(() => agent.of('await_sign_in').length === 3, 'the second sign-in begins');
    agent.change((world) => Object.assign(world, later));
    finish({ reply: 'account', value: later.accounts[1] });

    await step('This is what was found');
    await page.getByText('11 upcoming meetings').waitFor();
    await page.getByRole('button', { name: 'Show my meetings' }).click();
    await page.getByRole('heading', { level: 1, name: 'Meetings' }).waitFor();
  });
}

onPage('a sign-in for which no browser opens shows the address to copy', worlds.everyday, { at: '#accounts' }, async ({ page, agent, axe, shot }) => {
  agent.script.sign_in = () => ({ reply: 'sign_in', value: { ticket: 't1', url: 'https://sign.in/zoom' } });
  agent.script.await_sign_in = () => new Promise(() => {});
  agent.script.open_link = () => Promise.reject(worlds.problem('internal', 'No browser.'));
  await page.getByRole('button', { name: 'Add another account at Zoom' }).click();
  await page.getByText('No browser could be opened.').waitFor();
  assert.equal(await page.getByRole('textbox').inputValue(), 'https://sign.in/zoom');
  assert.deepEqual(await axe(), []);
  await shot('sign-in');
});

onPage('signing out says what happens, can be left, and is done only when confirmed', worlds.everyday, { at: '#accounts' }, async ({ page, agent, axe, shot }) => {
  const button = page.getByRole('button', { name: 'Sign out ada@example.com' }).first();
  await button.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Your events and your meetings stay as they are.').waitFor();
  assert.deepEqual(await axe(), []);
  await shot('sign-out');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(agent.pressed, []);
  assert.ok(await button.evaluate((element) => element === document.activeElement), 'the focus is where it was');
  await button.click();
  await dialog.getByRole('button', { name: 'Sign out' }).click();
  await eventually(() => agent.of('remove_account').length === 1, 'the account is removed');
  assert.equal(agent.of('remove_account')[0].account, 'a1');
});

onPage('a calendar is ticked, and stays as it was when that fails', worlds.everyday, { at: '#accounts' }, async ({ page, agent }) => {
  const box = page.getByRole('checkbox', { name: /Holidays/ });
  await box.check();
  await page.locator('[aria-live] p', { hasText: 'Watching' }).waitFor();
  assert.deepEqual(agent.of('watch'), [{ command: 'watch', calendar: 'c3', watched: true }]);
  agent.script.watch = () => Promise.reject(worlds.problem('offline', 'Google cannot be reached.'));
  await box.click();
  await page.locator('[aria-live] p', { hasText: 'Google cannot be reached.' }).waitFor();
  await eventually(() => box.isChecked(), 'the tick is back');
});

onPage('settings are sent whole, fixed ones cannot be touched, and a refusal puts the old value back', worlds.everyday, { at: '#settings' }, async ({ page, agent }) => {
  assert.ok(await page.getByLabel('Look at the calendar every').isDisabled());
  assert.ok(await page.getByText('Set in config.toml').isVisible());
  await page.getByRole('switch', { name: 'Title' }).click();
  await page.getByText('Saved').waitFor();
  assert.equal(agent.of('change_settings')[0].settings.carry_title, false);
  assert.equal(agent.of('change_settings')[0].settings.mass_delete_limit, 5);
  await page.getByLabel('Wait before deleting').selectOption({ label: '5 minutes' });
  await eventually(() => agent.world.settings.delete_grace_seconds === 300, 'the grace is stored');
  const limit = page.getByLabel('Ask before deleting more than');
  agent.script.change_settings = () => Promise.reject(worlds.problem('bad_usage', 'That is too many.'));
  await limit.fill('999999');
  await limit.blur();
  await page.getByText('That is too many.').waitFor();
  await eventually(async () => (await limit.inputValue()) === '5', 'the old value is back');
});

/** Lets no refresh of the window come to its end before what this returns is called. */
const holdRefreshes = (agent) => {
  const answer = { reply: 'status', value: structuredClone(agent.world.status) };
  let release;
  const held = new Promise((resolve) => (release = resolve));
  agent.script.status = () => held.then(() => answer);
  return release;
};

onPage('a calendar that is ticked and unticked at once is not watched', worlds.everyday, { at: '#accounts' }, async ({ page, agent }) => {
  const box = page.getByRole('checkbox', { name: /Holidays/ });
  const release = holdRefreshes(agent);
  await box.check();
  await page.locator('[aria-live] p', { hasText: 'Watching' }).waitFor();
  await box.uncheck();
  release();
  await eventually(() => agent.of('watch').length === 2, 'both are sent');
  assert.equal(agent.of('watch')[1].watched, false);
  await eventually(async () => !(await box.isChecked()), 'the box shows what is so');
});

onPage('two settings changed one right after the other are both kept', worlds.everyday, { at: '#settings' }, async ({ page, agent }) => {
  const release = holdRefreshes(agent);
  await page.getByRole('switch', { name: 'Title' }).click();
  await page.getByText('Saved').waitFor();
  // The window is still putting itself in order.
  await page.getByLabel('Wait before deleting').selectOption({ label: '5 minutes' });
  release();
  await eventually(() => agent.world.settings.delete_grace_seconds === 300, 'the grace is stored');
  assert.equal(agent.world.settings.carry_title, false);
});

onPage('the log is sifted and searched', worlds.everyday, { at: '#activity' }, async ({ page }) => {
  const titles = () => page.locator('article .title').allTextContents();
  assert.equal((await titles()).length, 6);
  await page.getByRole('radio', { name: /Needs you/ }).check({ force: true });
  assert.deepEqual(await titles(), ['Interview']);
  await page.getByRole('radio', { name: 'All' }).check({ force: true });
  await page.getByRole('searchbox').fill('rate limit');
  assert.deepEqual(await titles(), ['Quarterly planning']);
  await page.getByRole('searchbox').fill('nowhere');
  await page.getByRole('button', { name: 'Show everything' }).click();
  assert.equal((await titles()).length, 6);
});

onPage('P12: Join asks for the address only when pressed, and shows it nowhere', worlds.calm, {}, async ({ page, agent }) => {
  await page.getByRole('button', { name: 'Join Stand-up' }).click();
  await page.getByText('Opening the meeting').waitFor();
  assert.deepEqual(agent.pressed, [
    { command: 'join_link', meeting: 'm1' },
    { command: 'open_link', url: 'https://zoom.example/j/1' },
  ]);
  assert.ok(!(await page.content()).includes('zoom.example'));
});

onPage('a preview says plainly that nothing is written, with both values, and can be switched off', worlds.preview, {}, async ({ page, agent }) => {
  await page.getByText('Nothing is written', { exact: false }).first().waitFor();
  for (const value of ['Kick-off with Sari', 'Kick-off']) await page.locator('dd bdi', { hasText: new RegExp(`^${value}$`, 'u') }).waitFor();
  await page.getByRole('button', { name: 'Switch off' }).click();
  await eventually(() => agent.of('change_settings').length === 1, 'the setting is sent');
  assert.equal(agent.of('change_settings')[0].settings.preview, false);
});

onPage('what was done can be undone, what was undone says so, and a refusal is read out', worlds.undone, {}, async ({ page, agent }) => {
  await page.locator('nav a[href="#activity"]').click();
  await page.getByText('Undone since').waitFor();
  await page.getByRole('button', { name: /Interview/u }).click();
  const told = (outcome, problem = null) => ({ reply: 'activity', value: [worlds.entry(9, 'Interview', outcome, 0, { problem })] });
  agent.script.undo = () => told('undone');
  await page.getByRole('button', { name: 'Undo: Interview' }).click();
  await page.locator('[aria-live] p', { hasText: 'Undone: ' }).waitFor();
  assert.deepEqual(agent.of('undo')[0], { command: 'undo', what: 'e3' });
  agent.script.undo = () => told('refused', worlds.problem('meeting_gone', 'Zoom cannot bring the meeting back.'));
  await page.getByRole('button', { name: 'Undo: Interview' }).click();
  await page.locator('[aria-live] p', { hasText: 'Zoom cannot bring the meeting back.' }).waitFor();
});

onPage('the person makes a meeting follow its event, and lets one go', worlds.everyday, {}, async ({ page, agent }) => {
  await page.getByRole('button', { name: 'Keep in step: Vendor call' }).click();
  await page.locator('[aria-live] p', { hasText: 'Follows the calendar from now on: ' }).waitFor();
  assert.deepEqual(agent.of('bond'), [{ command: 'bond', meeting: 'm11' }]);
  const release = page.getByRole('button', { name: 'Stop following: Stand-up' });
  assert.equal(await release.count(), 0, 'out of the way until it is asked for');
  await page.getByRole('button', { name: 'More about Stand-up' }).click();
  await release.click();
  await page.locator('[aria-live] p', { hasText: 'No longer follows the calendar: ' }).waitFor();
  assert.deepEqual(agent.of('unbond'), [{ command: 'unbond', meeting: 'm1' }]);
  assert.equal(await page.getByRole('button', { name: 'More about Team room' }).count(), 0);
});
