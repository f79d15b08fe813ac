import { $, api, element } from "./dom.js";

let place = null; // the actor the sentence is about: {id, type, key}
let capabilities = [];

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function source(binding) {
  if ("literal" in binding) return shown(binding.literal);
  if ("step" in binding) return `from ${[binding.step, ...(binding.path ?? [])].join(".")}`;
  if ("items" in binding) return `[${binding.items.map(source).join(", ")}]`;
  return Object.entries(binding.fields ?? {}).map(([name, inner]) => `${name}: ${source(inner)}`).join(", ");
}

function* allNodes(nodes) {
  for (const node of nodes) {
    yield node;
    const blocks = [node.each, node.attempt, node.otherwise, ...(node.cases ?? []).map((one) => one.then)];
    for (const block of blocks) if (block) yield* allNodes(block.nodes);
  }
}

function stepOf(node) {
  const inputs = Object.entries(node.inputs ?? {}).map(([name, binding]) => `${name} = ${source(binding)}`).join(", ");
  const reason = node.why?.chosen?.reason;
  const others = (node.why?.rejected ?? []).slice(0, 3).map((one) => one.capability_id).join(", ");
  return element("li", { "data-node": node.id, "data-status": "pending" },
    element("div", { class: "head" },
      element("strong", { text: node.capability_id ?? node.kind }),
      element("span", { class: "badge", text: "planned" })),
    node.description ? element("div", { text: node.description }) : null,
    inputs ? element("small", { text: inputs }) : null,
    reason ? element("small", { text: `Why: ${reason}` }) : null,
    others ? element("small", { text: `Weighed, not used: ${others}` }) : null);
}

function mark(name, status) {
  const node = name.split("/").pop().replace(/\[\d+\]$/, "");
  for (const step of $("steps").children) {
    if (step.dataset.node !== node) continue;
    step.dataset.status = status;
    step.querySelector(".badge").textContent = status;
  }
}

function showPlan(plan) {
  $("steps").replaceChildren(...[...allNodes(plan.nodes)].map(stepOf));
  $("plan").hidden = false;
}

function showAnswer(text, { bad = false, trace = "", candidates = [], confirm = null } = {}) {
  $("answer").hidden = false;
  $("answer").classList.toggle("bad", bad);
  $("answer-title").textContent = bad ? "Not done" : "Answer";
  $("text").textContent = text;
  $("trace").textContent = trace ? `Trace ${trace}` : "";
  $("candidates").replaceChildren(...candidates.map((one) => element("li", {},
    element("div", { class: "card" }, element("code", { text: one.capability_id }), element("small", { text: one.intent })))));
  $("confirm").hidden = confirm === null;
  $("confirm").onclick = confirm;
}

function follow(id) {
  const events = new EventSource(`/api/runs/${encodeURIComponent(id)}/events`);
  const kinds = { StepStarted: "running", StepSucceeded: "succeeded", StepFailed: "failed", StepSkipped: "skipped" };
  for (const [kind, status] of Object.entries(kinds)) {
    events.addEventListener(kind, (event) => mark(JSON.parse(event.data).node, status));
  }
  return new Promise((resolve) => {
    events.addEventListener("RunFinished", () => { events.close(); resolve(); });
    events.onerror = () => { if (events.readyState === EventSource.CLOSED) resolve(); };
  });
}

async function run(plan, confirmed) {
  $("said").textContent = "Running…";
  const started = await api("POST", "/api/ai/execute?wait=false", { plan, confirmed });
  if (!started.ok) return refused(started.body);
  await follow(started.body.execution_id);
  const found = await api("GET", `/api/ai/execution/${encodeURIComponent(started.body.execution_id)}`);
  if (!found.ok) return refused(found.body);
  const { status } = found.body;
  for (const step of status.steps) mark(step.node, step.status);
  const digest = status.failure?.code === "confirmation_required" ? status.failure.details.digest : null;
  showAnswer(status.message, {
    bad: status.status !== "succeeded",
    trace: status.context.trace_id,
    confirm: digest ? () => busy(() => run(plan, [...confirmed, digest])) : null,
  });
  $("said").textContent = "";
  await Promise.all([listActors(), listRuns(), place ? showActor() : null]);
}

function refused(body) {
  $("said").textContent = "";
  showAnswer(body.message, { bad: true, trace: body.trace_id, candidates: body.candidates ?? [] });
}

async function ask(sentence) {
  $("plan").hidden = $("answer").hidden = true;
  $("said").textContent = "Planning…";
  if (/^\W*help\W*$/i.test(sentence)) {
    const help = await api("POST", "/api/ai/natural", { message: "help" });
    $("said").textContent = "";
    return help.ok ? showAnswer(help.body.message) : refused(help.body);
  }
  const context = place ? { [keyOf(place.type)]: place.key } : {};
  const planned = await api("POST", "/api/ai/plan", { intent: sentence, context });
  if (!planned.ok) return refused(planned.body);
  showPlan(planned.body.plan);
  await run(planned.body.plan, []);
}

async function busy(work) {
  const buttons = [...document.querySelectorAll("main button")];
  for (const button of buttons) button.disabled = true;
  try { await work(); } finally { for (const button of buttons) button.disabled = false; }
}

const keyOf = (type) => capabilities.find((one) => one.actor === type)?.requires[0] ?? "key";

async function listActors() {
  const rooms = await api("GET", "/api/actors?type=room&limit=100");
  const found = rooms.ok && rooms.body.count ? rooms : await api("GET", "/api/actors?limit=100");
  const actors = found.ok ? found.body.actors : [];
  $("actors-title").textContent = actors.every((one) => one.type === "room") ? "Rooms" : "Actors";
  $("actors").replaceChildren(...(actors.length ? actors.map((one) => element("li", {},
    element("button", { type: "button", "aria-pressed": String(place?.id === one.id), onclick: () => choose(one) },
      element("span", { text: one.type === "room" ? one.key : one.id }),
      element("small", { text: one.status })))) : [element("li", { class: "quiet", text: "None yet. Ask for something." })]));
}

async function listRuns() {
  const found = await api("GET", "/api/runs?limit=6");
  const runs = found.ok ? found.body.runs : [];
  $("runs").replaceChildren(...(runs.length ? runs.map((one) => element("li", {},
    element("button", { type: "button", onclick: () => showRun(one.id) },
      element("span", { text: one.intent || one.plan_id }),
      element("small", { text: `${one.status}, ${new Date(one.started_at).toLocaleString()}` })))) : [element("li", { class: "quiet", text: "None yet." })]));
}

async function showRun(id) {
  const found = await api("GET", `/api/ai/execution/${encodeURIComponent(id)}`);
  if (!found.ok) return refused(found.body);
  const { status } = found.body;
  showPlan(status.plan);
  for (const step of status.steps) mark(step.node, step.status);
  showAnswer(status.message, { bad: status.status !== "succeeded", trace: status.context.trace_id });
}

async function choose(actor) {
  place = place?.id === actor.id ? null : actor;
  $("place").hidden = $("room").hidden = place === null;
  $("place").textContent = place ? `About ${place.id}` : "";
  await Promise.all([listActors(), place ? showActor() : null]);
}

async function showActor() {
  const { id, type, key } = place;
  const found = await api("GET", `/api/actors/${id.split("/").map(encodeURIComponent).join("/")}`);
  if (!found.ok || place?.id !== id) return;
  $("room-title").textContent = id;
  $("state").replaceChildren(...Object.entries(found.body.state ?? {}).flatMap(([name, value]) =>
    [element("dt", { text: name }), element("dd", { text: shown(value) })]));
  const history = capabilities.find((one) => one.id === `${type}.history` && one.effect === "read" && one.requires.length === 1);
  const lines = history ? await api("POST", `/api/ai/capability/${history.id}`, { payload: { [history.requires[0]]: key } }) : null;
  const list = lines?.ok && Array.isArray(lines.body.result) ? lines.body.result : [];
  $("lines").replaceChildren(...list.slice(-30).map((one) => element("li", {},
    element("strong", { text: one.author ?? one.user ?? "" }), element("div", { text: one.text ?? one.content ?? shown(one) }))));
}

async function begin() {
  const known = await api("GET", "/api/ai/capabilities?limit=1000");
  capabilities = known.ok ? known.body.capabilities : [];
  if (!known.ok) refused(known.body);
  // What only reads can be tried without a second thought, so it comes first.
  const reading = capabilities.filter((one) => one.effect === "read");
  const examples = [...reading, ...capabilities].flatMap((one) => one.examples.slice(0, 1));
  const offered = [...new Set([...examples, ...reading.map((one) => one.intent), "help"])].slice(0, 3);
  $("examples").replaceChildren(...offered.map((text) => element("li", {},
    element("button", { type: "button", text, onclick: () => { $("sentence").value = text; $("ask").requestSubmit(); } }))));
  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const sentence = $("sentence").value.trim();
    if (sentence) busy(() => ask(sentence));
  });
  await Promise.all([listActors(), listRuns()]);
  $("sentence").focus();
}

begin();
