// The chaos proxy's page. It shows what the API says and sends what is chosen; it keeps nothing of its own.

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const byId = (id) => document.getElementById(id);
const element = (tag, text = "", attributes = {}) => {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const directions = [
  { name: "up", title: "Up", about: "From clients to the server." },
  { name: "down", title: "Down", about: "From the server to clients." },
];
/** Fields of a link that are numbers; `scale` is from what is shown to what is sent. */
const numbers = [
  { name: "delayMs", label: "Delay, ms", max: 600_000, scale: 1, empty: "0" },
  { name: "jitterMs", label: "Jitter, ms", max: 600_000, scale: 1, empty: "0" },
  { name: "bytesPerSecond", label: "Rate, kB/s", max: 1_000_000, scale: 1000, empty: "no limit" },
  { name: "sliceBytes", label: "Slices, bytes", max: 1_000_000, scale: 1, empty: "no limit" },
];
/** In the order in which they are sent: the first that hits a message decides. */
const chances = [
  { name: "drop", label: "Drop" },
  { name: "duplicate", label: "Duplicate" },
  { name: "reorder", label: "Reorder" },
  { name: "corrupt", label: "Corrupt" },
  { name: "truncate", label: "Truncate" },
  { name: "replay", label: "Replay" },
  { name: "delay", label: "Delay 500 ms" },
];
const eventsShown = 200;

let fault = {};

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error.message);
  return json;
}

function showTrouble(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = text === "";
}

let acts = Promise.resolve();
/** Does one thing after the other, shows what came of it, and says what went wrong. */
function act(run) {
  acts = acts.then(async () => {
    try {
      await run();
      showTrouble("");
    } catch (error) {
      showTrouble(error instanceof TypeError ? "That did not reach the proxy. Is it still running?" : error.message);
    }
    await refresh();
  });
  return acts;
}

/** A rule that one of the page's percentages stands for. Others came through the API: they stay, before the page's own. */
const isPlain = (rule) => Object.keys(rule).every((key) => key === "do" || key === "chance");
const chanceOf = (link, name) => link.frames?.find((rule) => rule.do === name && isPlain(rule))?.chance;
const hasPlain = (link, name) => link.frames?.some((rule) => rule.do === name && isPlain(rule)) === true;

function send(change) {
  // From what is in force by then: others may change it too.
  return act(async () => ask("PUT", "/fault", change((await ask("GET", "/state")).fault)));
}
const sendLink = (direction, change) => send((before) => ({ ...before, [direction]: change(before[direction] ?? {}) }));

function without(object, name) {
  const { [name]: _, ...rest } = object;
  return rest;
}

function buildNumber(grid, { id, label, max, empty }, onChange) {
  const field = element("label", label, { for: id });
  const input = element("input", "", {
    id,
    type: "number",
    min: "0",
    max: String(max),
    step: "any",
    inputmode: "decimal",
    placeholder: empty,
  });
  input.addEventListener("change", () => {
    if (input.checkValidity()) void onChange(input.value === "" ? 0 : Number(input.value));
    else showTrouble(`${label}: ${input.validationMessage}`);
  });
  input.addEventListener("blur", () => void refresh());
  field.append(input);
  grid.append(field);
}

function buildLink({ name, title, about }) {
  const section = byId("link").content.cloneNode(true).firstElementChild;
  const heading = section.querySelector("h2");
  section.id = `link-${name}`;
  heading.textContent = title;
  heading.id = `link-${name}-title`;
  section.setAttribute("aria-labelledby", heading.id);
  section.querySelector("p").textContent = about;
  for (const radio of section.querySelectorAll("input[type=radio]")) {
    radio.name = `${name}-flow`;
    radio.addEventListener("change", () => void sendLink(name, (link) => ({ ...link, flow: radio.value })));
  }
  for (const { name: field, label, max, scale, empty } of numbers)
    buildNumber(section.querySelector(".numbers"), { id: `${name}-${field}`, label, max, empty }, (value) =>
      sendLink(name, (link) => (value > 0 ? { ...link, [field]: Math.max(1, Math.round(value * scale)) } : without(link, field))),
    );
  for (const { name: rule, label } of chances)
    buildNumber(section.querySelector(".frames"), { id: `${name}-${rule}`, label, max: 100, empty: "0" }, (value) =>
      sendLink(name, (link) => {
        const special = (link.frames ?? []).filter((one) => !isPlain(one));
        const plain = chances.flatMap(({ name: other }) => {
          const chance = other === rule ? value / 100 : hasPlain(link, other) ? (chanceOf(link, other) ?? 1) : 0;
          return chance > 0 ? [{ do: other, chance }] : [];
        });
        return { ...link, frames: [...special, ...plain] };
      }),
    );
  const label = section.querySelector(".label");
  const group = section.querySelector("[role=group]");
  label.id = `link-${name}-next`;
  group.setAttribute("aria-labelledby", `${heading.id} ${label.id}`);
  for (const { name: rule, label: verb } of chances) {
    const button = element("button", verb, { type: "button", "data-once": rule });
    button.addEventListener("click", () => void act(() => ask("POST", "/frames", { direction: name, do: rule })));
    group.append(button);
  }
  byId("links").append(section);
}

function showSummary(text, broken) {
  const summary = byId("summary");
  if (summary.textContent !== text) summary.textContent = text;
  summary.dataset.broken = String(broken);
}

/** What a link does wrong, in words. */
function wrongs(link) {
  const out = [];
  if (link.flow === "hold") out.push("cut");
  if (link.flow === "drop") out.push("cut, bytes lost");
  if (link.delayMs > 0 || link.jitterMs > 0) out.push("late");
  if (link.bytesPerSecond !== undefined) out.push("slow");
  if (link.sliceBytes !== undefined) out.push("in slices");
  if (link.frames?.length > 0) out.push("messages harmed");
  return out;
}

function showFault(oneShots) {
  const parts = [];
  for (const { name, title } of directions) {
    const link = fault[name] ?? {};
    const section = byId(`link-${name}`);
    const wrong = wrongs(link);
    section.dataset.broken = String(wrong.length > 0);
    if (wrong.length > 0) parts.push(`${title}: ${wrong.join(", ")}`);
    for (const radio of section.querySelectorAll("input[type=radio]")) radio.checked = radio.value === (link.flow ?? "pass");
    for (const { name: field, scale } of numbers)
      setValue(byId(`${name}-${field}`), link[field] === undefined ? undefined : link[field] / scale);
    for (const { name: rule } of chances) {
      const chance = hasPlain(link, rule) ? (chanceOf(link, rule) ?? 1) : undefined;
      setValue(byId(`${name}-${rule}`), chance === undefined ? undefined : Number((chance * 100).toFixed(3)));
    }
    const special = (link.frames ?? []).filter((one) => !isPlain(one)).length;
    const more = section.querySelector(".more");
    more.hidden = special === 0;
    more.textContent = `And ${special === 1 ? "a rule" : `${special} rules`} that came through the API.`;
  }
  const accept = fault.newConnections ?? "accept";
  byId("new-connections").value = accept;
  if (accept !== "accept") parts.push(`New connections: ${accept}`);
  if (oneShots.length > 0) parts.push(`${oneShots.length === 1 ? "A fault waits" : `${oneShots.length} faults wait`} for a message`);
  showSummary(parts.length === 0 ? "Nothing is broken." : `${parts.join(". ")}.`, parts.length > 0);
}

function setValue(input, value) {
  // Not while somebody types in it.
  if (document.activeElement === input) return;
  input.value = value === undefined || value === 0 ? "" : String(value);
}

const bytes = (count) =>
  count < 1000 ? `${count} B` : count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;

function showConnections(connections) {
  byId("connection-count").textContent = connections.length === 0 ? "" : String(connections.length);
  byId("no-connections").hidden = connections.length > 0;
  const list = byId("connections");
  // Focus stays on the button of the same connection.
  const focused = document.activeElement?.getAttribute("data-connection");
  list.replaceChildren(
    ...connections.slice(-100).map((one) => {
      const item = element("li");
      const what = element("div", "", { class: "what" });
      const marks = [
        one.webSocket ? "WebSocket" : "HTTP or other",
        ...(one.halfOpen ? ["half open"] : []),
        ...(one.lostBytes ? ["lost bytes"] : []),
        ...(one.frameFaults > 0 ? [`${plural(one.frameFaults, "message")} harmed`] : []),
      ];
      what.append(
        element("strong", `${one.id} · ${marks.join(", ")}`),
        element(
          "span",
          `up ${bytes(one.bytesUp)}, ${plural(one.messagesUp, "message")} · down ${bytes(one.bytesDown)}, ${plural(one.messagesDown, "message")}`,
        ),
      );
      const buttons = element("div", "", { class: "buttons" });
      for (const [label, path] of [
        ["Reset", "/connections/drop"],
        ["Half-open", "/half-open"],
      ]) {
        const key = `${label} ${one.id}`;
        const button = element("button", label, { type: "button", "aria-label": `${label} connection ${one.id}`, "data-connection": key });
        button.addEventListener("click", () => void act(() => ask("POST", path, { connection: one.id })));
        buttons.append(button);
      }
      item.append(what, buttons);
      return item;
    }),
  );
  if (focused !== null && focused !== undefined) list.querySelector(`[data-connection="${focused}"]`)?.focus();
}

const done = {
  drop: "dropped",
  corrupt: "corrupted",
  truncate: "truncated",
  duplicate: "duplicated",
  replay: "followed by an earlier one",
  reorder: "put behind the next",
  delay: "delayed",
};

function sentence(event) {
  switch (event.type) {
    case "connection-opened":
      return `Connection ${event.connection} opened`;
    case "connection-upgraded":
      return `Connection ${event.connection} is a WebSocket`;
    case "upstream-failed":
      return `Connection ${event.connection}: the server can't be reached`;
    case "connection-closed":
      return `Connection ${event.connection} ${event.how === "ended" ? "closed" : "broke"}`;
    case "connection-refused":
      return "A connection was refused";
    case "fault-changed": {
      const parts = directions.flatMap(({ name, title }) => {
        const wrong = wrongs(event.fault[name] ?? {});
        return wrong.length > 0 ? [`${title}: ${wrong.join(", ")}`] : [];
      });
      if ((event.fault.newConnections ?? "accept") !== "accept") parts.push(`New connections: ${event.fault.newConnections}`);
      return parts.length === 0 ? "Nothing is broken any more" : parts.join(". ");
    }
    case "healed":
      return event.how === "drop" ? "Healed, every connection reset" : "Healed";
    case "connections-dropped":
      return `${plural(event.count, "connection")} dropped`;
    case "half-opened":
      return `${plural(event.count, "connection")} half open`;
    case "one-shot-added":
      return `Waits for the next message ${event.oneShot.direction}: ${event.oneShot.do}`;
    case "frame":
      return `Connection ${event.connection} ${event.direction}: a ${event.opcode} of ${event.payloadBytes} bytes ${done[event.do]}`;
    default:
      return event.type;
  }
}

function showEvents(events) {
  byId("events").replaceChildren(
    ...events
      .slice(-eventsShown)
      .reverse()
      .map((event) => {
        const item = element("li");
        const at = new Date(event.atMs);
        const clock = `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
        item.append(element("time", clock, { datetime: at.toISOString() }), element("span", sentence(event)));
        return item;
      }),
  );
}

let refreshing;
/** One at a time, and one more if it was asked for meanwhile. */
async function refresh() {
  if (refreshing !== undefined) {
    refreshing.again = true;
    return;
  }
  refreshing = { again: false };
  try {
    const state = await ask("GET", "/state");
    fault = state.fault;
    byId("proxy").textContent = state.proxy;
    byId("upstream").textContent = state.upstream;
    byId("seed").textContent = state.seed;
    showFault(state.oneShots);
    showConnections(state.connections);
    showEvents(state.events);
  } catch {
    showSummary("The proxy does not answer. Is it still running?", true);
  }
  const { again } = refreshing;
  refreshing = undefined;
  if (again) await refresh();
}

for (const direction of directions) buildLink(direction);
byId("heal").addEventListener("click", () => void act(() => ask("POST", "/heal", { how: "resume" })));
byId("heal-drop").addEventListener("click", () => void act(() => ask("POST", "/heal", { how: "drop" })));
byId("half-open").addEventListener("click", () => void act(() => ask("POST", "/half-open", {})));
byId("drop-reset").addEventListener("click", () => void act(() => ask("POST", "/connections/drop", { how: "reset" })));
byId("drop-end").addEventListener("click", () => void act(() => ask("POST", "/connections/drop", { how: "end" })));
byId("cut").addEventListener(
  "click",
  () => void send((before) => ({ ...before, up: { ...before.up, flow: "hold" }, down: { ...before.down, flow: "hold" } })),
);
byId("new-connections").addEventListener("change", (event) => {
  const newConnections = event.target.value;
  void send((before) => ({ ...before, newConnections }));
});

const events = new EventSource("/events");
events.addEventListener("open", () => void refresh());
events.addEventListener("message", () => void refresh());
events.addEventListener("error", () => showSummary("The proxy does not answer. Is it still running?", true));
// Bytes and messages are counted without an event.
setInterval(() => void refresh(), 1000);
