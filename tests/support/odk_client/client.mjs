// The engine of ODK Web Forms, run in Node: which questions are relevant for given answers.
// Usage: node client.mjs FORM.xml < vectors.json > relevant.json
// A vector is a list of [name, turn or 0, value or ""]; the result is one list of "name" or "name#turn" for each vector.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

globalThis.__dirname = import.meta.dirname;
globalThis.require = createRequire(import.meta.url);
const { window } = new JSDOM("", { url: "http://localhost/" });
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}
globalThis.window = globalThis;
const { createInstance } = await import("@getodk/xforms-engine");

const form = readFileSync(process.argv[2], "utf8");
const vectors = JSON.parse(readFileSync(0, "utf8"));

function collect(node, found = new Map()) {
  const parts = node.currentState.reference.split("/");
  const turn = parts.map((part) => /\[(\d+)\]/.exec(part)?.[1]).findLast(Boolean);
  const name = parts.at(-1).replace(/\[.*/, "");
  if (!["repeat-range:controlled", "repeat-range:uncontrolled", "repeat-instance"].includes(node.nodeType)) {
    found.set(turn ? `${name}#${turn}` : name, node);
  }
  for (const child of node.currentState.children ?? []) collect(child, found);
  return found;
}

function answer(node, value) {
  if (node.nodeType === "select") node.selectValues(value ? value.split(" ") : []);
  else if (node.nodeType === "input") node.setValue(value === "" && node.valueType !== "string" ? null : value);
}

const results = [];
for (const vector of vectors) {
  const { root } = await createInstance(form);
  let nodes = collect(root);
  for (const [name, turn, value] of vector) {
    const key = turn ? `${name}#${turn}` : name;
    if (!nodes.has(key)) nodes = collect(root); // repeats grow with the answers
    const node = nodes.get(key);
    if (node?.currentState.relevant) answer(node, value);
  }
  results.push([...collect(root)].filter(([, node]) => node.currentState.relevant).map(([key]) => key));
}
process.stdout.write(JSON.stringify(results));
