import { $, api, element } from "./dom.js";

const resolved = (schema, root) => (schema.$ref ? root.components.schemas[schema.$ref.split("/").pop()] : schema);

function typeOf(schema, root) {
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, root)).join(" or ");
  if (schema.$ref) return typeOf(resolved(schema, root), root);
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {}, root)}`;
  return schema.enum ? schema.enum.join(" | ") : schema.type ?? "anything";
}

function starting(body, root) {
  if (body.example) return body.example;
  const schema = resolved(body.schema, root);
  const empty = { string: "", array: [], object: {}, integer: 0, number: 0, boolean: false };
  return Object.fromEntries((schema.required ?? []).map((name) => {
    const field = resolved(schema.properties[name], root);
    return [name, empty[field.type] ?? ""];
  }));
}

function fieldsOf(schema, root) {
  const list = element("dl");
  for (const [name, field] of Object.entries(resolved(schema, root).properties ?? {})) {
    const needed = (resolved(schema, root).required ?? []).includes(name) ? ", needed" : "";
    list.append(element("dt", {}, element("code", { text: name })),
      element("dd", { text: `${typeOf(field, root)}${needed}. ${field.description ?? ""}` }));
  }
  return list;
}

function endpoint(path, verb, operation, root) {
  const body = operation.requestBody?.content["application/json"];
  const fields = element("div", { class: "fields" });
  const inputs = (operation.parameters ?? []).map((parameter) => {
    const input = element("input", { value: parameter.example ?? "" });
    fields.append(element("label", {}, element("code", { text: parameter.name }),
      ` (${parameter.in}${parameter.required ? ", needed" : ""}) ${parameter.description ?? ""}`, input));
    return { parameter, input };
  });
  const text = body ? element("textarea", { spellcheck: "false" }) : null;
  if (text) {
    text.value = JSON.stringify(starting(body, root), null, 2);
    fields.append(element("label", {}, "Body", text));
  }
  const result = element("pre", { "aria-live": "polite", hidden: "" });
  const button = element("button", { type: "button", text: "Try it", onclick: () => attempt(path, verb, { inputs, text, result }) });
  if (path.endsWith("/events")) button.hidden = true;
  return element("details", { class: "card" },
    element("summary", {}, element("span", { class: "verb", text: verb.toUpperCase() }), element("code", { text: path }),
      element("small", { text: operation.description ?? "" })),
    body ? fieldsOf(body.schema, root) : null, fields, element("p", {}, button), result);
}

async function attempt(path, verb, { inputs, text, result }) {
  let target = path;
  const query = new URLSearchParams();
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    if (parameter.in === "query" && input.value) query.set(parameter.name, input.value);
  }
  result.hidden = false;
  let body;
  try {
    body = text ? JSON.parse(text.value) : undefined;
  } catch (error) {
    result.textContent = `The body is not JSON: ${error.message}`;
    return;
  }
  result.textContent = "…";
  const answer = await api(verb.toUpperCase(), query.size ? `${target}?${query}` : target, body);
  const whole = answer.status === undefined ? "" : `${answer.status}\n`;
  result.textContent = whole + (typeof answer.body === "object" ? JSON.stringify(answer.body, null, 2) : answer.body);
}

const { ok, body: root } = await api("GET", "/openapi.json");
$("said").textContent = ok ? "" : root.message;
if (ok) {
  $("about").textContent = root.info.description;
  for (const [path, verbs] of Object.entries(root.paths)) {
    for (const [verb, operation] of Object.entries(verbs)) document.querySelector("main").append(endpoint(path, verb, operation, root));
  }
}
