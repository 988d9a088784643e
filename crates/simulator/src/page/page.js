// The calendar of the simulator: what a person does here goes through the admin door, as a hand and not as an API
// client; what appears beside it is what the simulated services hold.

const HOUR = 44;
const STEP = 15;
const DAY = 86_400_000;
const byId = (id) => document.getElementById(id);

let state = null;
let weekStart = null;
let drag = null;
let open = null;
let renaming = false;
const hiddenCalendars = new Set();
const revisions = new Map();
const changedAt = new Map();

function startOfWeek(date) {
  const day = new Date(date.getFullYear(), date.getMonth(), date.getDate());
  day.setDate(day.getDate() - ((day.getDay() + 6) % 7));
  return day;
}

const dayOf = (number) => new Date(weekStart.getFullYear(), weekStart.getMonth(), weekStart.getDate() + number);
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const time = (date) => date.toLocaleTimeString([], CLOCK);
const longTime = (date) => date.toLocaleString([], { weekday: "short", day: "numeric", month: "short", ...CLOCK });
const minutesOf = (date) => date.getHours() * 60 + date.getMinutes();

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

async function hand(deed) {
  const answer = await fetch("/control/hand", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(deed),
  });
  const told = await answer.json();
  byId("said").textContent = answer.ok ? "" : `Refused: ${told.refused}`;
  await refresh();
}

async function refresh() {
  if (drag || renaming) return;
  try {
    state = await (await fetch("/control/state")).json();
  } catch {
    byId("said").textContent = "The simulator does not answer.";
    return;
  }
  weekStart ??= startOfWeek(nextEvent());
  drawCalendars();
  drawDays();
  drawMeetings();
  drawWrites();
}

/** The week to begin with: the one of the next event. */
function nextEvent() {
  const now = new Date(state.now);
  const coming = state.calendars
    .flatMap((calendar) => calendar.events)
    .map((event) => new Date(event.start))
    .filter((start) => start > now);
  return coming.length ? new Date(Math.min(...coming)) : now;
}

function drawCalendars() {
  const box = byId("calendars");
  const ids = state.calendars.map((calendar) => calendar.id).join();
  if (box.dataset.ids === ids) return;
  box.dataset.ids = ids;
  box.querySelectorAll("label").forEach((label) => label.remove());
  for (const calendar of state.calendars) {
    const tick = make("input");
    tick.type = "checkbox";
    // The second person's calendar is there to be a guest of; at first only the first person's are shown.
    tick.checked = calendar.shown;
    if (!calendar.shown) hiddenCalendars.add(calendar.id);
    tick.addEventListener("change", () => {
      if (tick.checked) hiddenCalendars.delete(calendar.id);
      else hiddenCalendars.add(calendar.id);
      drawDays();
    });
    box.append(make("label", "", tick, ` ${calendar.summary}`));
  }
}

function shownEvents() {
  return state.calendars
    .filter((calendar) => !hiddenCalendars.has(calendar.id))
    .flatMap((calendar) =>
      calendar.events.map((event) => ({
        ...event,
        calendar: calendar.id,
        start: new Date(event.start),
        end: new Date(event.end),
      })),
    );
}

function drawDays() {
  const box = byId("days");
  const scrolled = box.dataset.drawn ? box.scrollTop : HOUR * 7.5;
  const focused = document.activeElement?.dataset?.key;
  const now = new Date(state.now);
  const until = dayOf(6);
  const month = { day: "numeric", month: "short" };
  byId("week").textContent = `${weekStart.toLocaleDateString([], month)} – ${until.toLocaleDateString([], { ...month, year: "numeric" })}`;
  const events = shownEvents();
  const heads = [make("div", "head")];
  const hours = make("div", "hours");
  for (let hour = 1; hour < 24; hour += 1) {
    const label = make("span", "", `${String(hour).padStart(2, "0")}:00`);
    label.style.top = `${hour * HOUR}px`;
    hours.append(label);
  }
  const columns = [hours];
  for (let number = 0; number < 7; number += 1) {
    const day = dayOf(number);
    const next = dayOf(number + 1);
    const isToday = day <= now && now < next;
    const head = make("div", isToday ? "head now" : "head", day.toLocaleDateString([], { weekday: "short", day: "numeric" }));
    const column = make("div", "day");
    column.dataset.day = number;
    // A whole day has a date and no zone; the state gives it as midnight in UTC.
    const date = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
    const onDate = (event) => event.start.toISOString().slice(0, 10) <= date && date < event.end.toISOString().slice(0, 10);
    for (const event of events.filter((event) => event.all_day && onDate(event))) head.append(block(event));
    const timed = events.filter((event) => !event.all_day && event.start >= day && event.start < next);
    for (const [event, lane, lanes] of sideBySide(timed)) {
      const element = block(event);
      element.style.top = `${(minutesOf(event.start) * HOUR) / 60}px`;
      const height = Math.max(20, ((event.end - event.start) / 3_600_000) * HOUR - 1);
      element.style.height = `${height}px`;
      element.classList.toggle("short", height < 38);
      element.style.left = `calc(${(lane / lanes) * 100}% + 2px)`;
      element.style.width = `calc(${100 / lanes}% - 5px)`;
      column.append(element);
    }
    if (isToday) {
      const line = make("div", "line");
      line.style.top = `${(minutesOf(now) * HOUR) / 60}px`;
      column.append(line);
    }
    heads.push(head);
    columns.push(column);
  }
  box.replaceChildren(...heads, ...columns);
  box.scrollTop = scrolled;
  box.dataset.drawn = "yes";
  if (focused) box.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** Lays events that overlap beside each other: each with its lane and how many lanes there are. */
function sideBySide(events) {
  const sorted = events.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const laid = [];
  let group = [];
  let ends = [];
  const close = () => {
    for (const [event, lane] of group) laid.push([event, lane, ends.length]);
    group = [];
    ends = [];
  };
  for (const event of sorted) {
    if (ends.length && ends.every((end) => end <= event.start)) close();
    let lane = ends.findIndex((end) => end <= event.start);
    if (lane < 0) lane = ends.length;
    ends[lane] = event.end;
    group.push([event, lane]);
  }
  close();
  return laid;
}

function kindOf(event) {
  if (!event.own) return "guest";
  if (event.solution === "Zoom Meeting") return "zoom";
  return event.solution ? "meet" : "";
}

function block(event) {
  const label = event.all_day ? "" : `${time(event.start)} – ${time(event.end)}`;
  const element = make("div", `event ${kindOf(event)}`, make("b", "", event.title), make("small", "", label));
  element.tabIndex = 0;
  element.role = "button";
  element.dataset.key = `${event.calendar} ${event.id}`;
  element.title = `${event.title}\n${label}${event.own ? "" : "\nSomebody else's event"}`;
  element.addEventListener("keydown", (press) => keys(press, event));
  if (event.all_day) {
    element.classList.add("flat");
    element.addEventListener("click", () => show(event));
    return element;
  }
  if (event.own) {
    element.append(make("i"));
    element.addEventListener("pointerdown", (press) => grab(press, event, element));
  } else {
    element.addEventListener("click", () => show(event));
  }
  return element;
}

/** The keyboard does all that the pointer does: arrows move, with Shift they lengthen. */
function keys(press, event) {
  if (press.key === "Enter" || press.key === " ") {
    press.preventDefault();
    show(event);
    return;
  }
  if (!event.own) return;
  if (press.key === "F2") {
    press.preventDefault();
    renameInPlace(event, press.currentTarget);
    return;
  }
  if (event.all_day) return;
  const moves = { ArrowUp: -STEP * 60_000, ArrowDown: STEP * 60_000, ArrowLeft: -DAY, ArrowRight: DAY };
  if (press.key === "Delete") {
    hand({ do: "cancel_event", calendar: event.calendar, event: event.id });
  } else if (press.key in moves && press.shiftKey) {
    resizeTo(event, (event.end - event.start) / 60_000 + moves[press.key] / 60_000);
  } else if (press.key in moves) {
    moveTo(event, new Date(event.start.getTime() + moves[press.key]));
  } else {
    return;
  }
  press.preventDefault();
}

function moveTo(event, start) {
  return hand({ do: "move_event", calendar: event.calendar, event: event.id, start: start.toISOString() });
}

function resizeTo(event, minutes) {
  if (minutes < STEP) return undefined;
  return hand({ do: "resize_event", calendar: event.calendar, event: event.id, minutes: Math.round(minutes) });
}

function grab(press, event, element) {
  if (press.button !== 0 || renaming) return;
  const box = element.getBoundingClientRect();
  drag = {
    event,
    element,
    resizing: press.target.tagName === "I",
    onTitle: press.target.tagName === "B",
    fromX: press.clientX,
    fromY: press.clientY,
    grip: press.clientY - box.top,
    start: event.start,
    minutes: (event.end - event.start) / 60_000,
    moved: false,
  };
  element.setPointerCapture(press.pointerId);
  element.addEventListener("pointermove", dragged);
  element.addEventListener("pointerup", dropped, { once: true });
  element.addEventListener("pointercancel", abandoned, { once: true });
}

function dragged(press) {
  if (!drag) return;
  if (Math.abs(press.clientX - drag.fromX) + Math.abs(press.clientY - drag.fromY) > 4) drag.moved = true;
  if (!drag.moved) return;
  const { element, event } = drag;
  element.classList.add("dragged");
  if (drag.resizing) {
    const by = ((press.clientY - drag.fromY) / HOUR) * 60;
    drag.minutes = Math.max(STEP, Math.round(((event.end - event.start) / 60_000 + by) / STEP) * STEP);
    element.style.height = `${(drag.minutes / 60) * HOUR}px`;
  } else {
    const column = columnAt(press.clientX) ?? element.parentElement;
    document.querySelectorAll(".day").forEach((day) => day.classList.toggle("over", day === column));
    const top = press.clientY - drag.grip - column.getBoundingClientRect().top;
    const minutes = Math.min(24 * 60 - STEP, Math.max(0, Math.round((top / HOUR) * (60 / STEP)) * STEP));
    const day = dayOf(Number(column.dataset.day));
    drag.start = new Date(day.getFullYear(), day.getMonth(), day.getDate(), Math.floor(minutes / 60), minutes % 60);
    element.style.top = `${(minutes / 60) * HOUR}px`;
    element.style.left = "2px";
    element.style.width = "calc(100% - 5px)";
    // Re-parenting would lose the pointer, so the element is shifted over to the column instead.
    const shift = column.getBoundingClientRect().left - element.parentElement.getBoundingClientRect().left;
    element.style.transform = `translateX(${shift}px)`;
  }
  const end = new Date(drag.start.getTime() + drag.minutes * 60_000);
  element.querySelector("small").textContent = `${time(drag.start)} – ${time(end)}`;
}

function columnAt(x) {
  return [...document.querySelectorAll(".day")].find((day) => {
    const box = day.getBoundingClientRect();
    return box.left <= x && x < box.right;
  });
}

function abandoned() {
  drag = null;
  drawDays();
}

async function dropped(press) {
  const done = drag;
  drag = null;
  press.target.closest(".event")?.removeEventListener("pointermove", dragged);
  if (!done?.moved) {
    if (done?.onTitle) renameInPlace(done.event, done.element);
    else if (done) show(done.event);
    return;
  }
  if (done.resizing) await resizeTo(done.event, done.minutes);
  else await moveTo(done.event, done.start);
}

function show(event) {
  open = event;
  byId("title").textContent = event.title;
  byId("rename").hidden = !event.own;
  byId("unlink").hidden = !event.own || !event.solution;
  byId("delete").hidden = !event.own;
  byId("when").textContent = event.all_day ? "All day" : `${longTime(event.start)} – ${time(event.end)}`;
  byId("card").showModal();
}

/** The title becomes a field where it stands; Enter or leaving it keeps the text, Escape does not. */
function renameInPlace(event, element) {
  const title = element.querySelector("b");
  renaming = true;
  title.contentEditable = "plaintext-only";
  title.focus();
  getSelection().selectAllChildren(title);
  const finish = async (keep) => {
    if (!renaming) return;
    renaming = false;
    title.contentEditable = "false";
    const text = title.textContent.trim();
    if (keep && text && text !== event.title) {
      await hand({ do: "rename_event", calendar: event.calendar, event: event.id, title: text });
    } else {
      drawDays();
    }
  };
  title.addEventListener("keydown", (press) => {
    press.stopPropagation();
    if (press.key !== "Enter" && press.key !== "Escape") return;
    press.preventDefault();
    finish(press.key === "Enter");
  });
  title.addEventListener("blur", () => finish(true));
}

function act(make) {
  const event = open;
  byId("card").close();
  if (event) hand({ calendar: event.calendar, event: event.id, ...make() });
}

function drawMeetings() {
  const now = performance.now();
  const seenBefore = revisions.size > 0;
  const rows = state.meetings.toSorted((a, b) => Boolean(a.trashed) - Boolean(b.trashed) || (a.start ?? "~").localeCompare(b.start ?? "~"));
  const items = rows.map((meeting) => {
    const before = revisions.get(meeting.id);
    if (before !== undefined && before !== meeting.revision) changedAt.set(meeting.id, now);
    if (before === undefined && seenBefore) changedAt.set(meeting.id, now);
    revisions.set(meeting.id, meeting.revision);
    const when = meeting.start
      ? `${longTime(new Date(meeting.start))}, ${meeting.minutes} min${meeting.kind === 8 ? `, ${meeting.occurrences.length} dates` : ""}`
      : meeting.kind === 4
        ? "Personal room"
        : "No fixed time";
    const isNew = now - (changedAt.get(meeting.id) ?? -1e9) < 2500;
    const classes = `${isNew ? "new " : ""}${meeting.trashed ? "gone" : ""}`;
    return make("li", classes, make("b", "", meeting.topic), make("small", "", meeting.trashed ? "Deleted" : when), make("small", "", `${meeting.id} · ${meeting.host}`));
  });
  const list = byId("meetings");
  const scrolled = list.scrollTop;
  list.replaceChildren(...items);
  list.scrollTop = scrolled;
  list.querySelector(".new")?.scrollIntoView({ block: "nearest" });
}

function drawWrites() {
  const items = state.writes.map((write) => {
    const body = write.body ? JSON.stringify(write.body) : "";
    const query = write.query.map(([name, value]) => `${name}=${value}`).join("&");
    const bad = write.status >= 400 || write.status === 0;
    const status = write.status || "no answer";
    const where = write.path.replace(/^\/(google\/calendar\/v3|zoom\/v2)/, "");
    return make(
      "li",
      bad ? "bad" : "",
      make("b", "", `${write.method} ${status}`),
      make("code", "", where + (query && `?${query}`)),
      make("small", "", body.slice(0, 160)),
    );
  });
  byId("writes").replaceChildren(...(items.length ? items : [make("small", "", "None yet")]));
}

function turn(days) {
  weekStart = new Date(weekStart.getFullYear(), weekStart.getMonth(), weekStart.getDate() + days);
  drawDays();
}

byId("back").addEventListener("click", () => turn(-7));
byId("on").addEventListener("click", () => turn(7));
byId("today").addEventListener("click", () => {
  weekStart = startOfWeek(new Date(state.now));
  drawDays();
});
byId("delete").addEventListener("click", () => act(() => ({ do: "cancel_event" })));
byId("unlink").addEventListener("click", () => act(() => ({ do: "remove_conference" })));
byId("close").addEventListener("click", () => byId("card").close());
byId("rename").addEventListener("click", () => {
  byId("card").close();
  const key = `${open.calendar} ${open.id}`;
  const element = document.querySelector(`.event[data-key="${CSS.escape(key)}"]`);
  if (element) renameInPlace(open, element);
});

await refresh();
setInterval(refresh, 1000);
