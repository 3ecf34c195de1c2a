/** What options may not be given beside each other, or without each other: the same rules as core/option_rules.py. */

import { listSides } from "./option_checks.js";

/** @typedef {import("./option_checks.js").Complaint} Complaint */

/** @typedef {import("./types.js").Target} Target */

/** @typedef {Map<string, string>} Values the texts of the given options, each right by itself */
/** @typedef {(target: Target, values: Values) => Complaint | null} Rule */

/** @type {[string, Rule][]} */
const RULES = [
  ["background", refuseIdleBackground],
  ["fit", refuseIdleFit],
  ["enlarge", refuseIdleEnlarge],
  ["dither", refuseIdleDither],
  ["loop", refuseIdleLoop],
  ["max_bytes", refuseSearchWithoutLoss],
  ["sizes", refuseForeignSizes],
];

/**
 * Return what is wrong beside the others, by the option's name.
 * @param {Target} target
 * @param {Values} values
 * @returns {Map<string, Complaint>}
 */
export function checkTogether(target, values) {
  /** @type {Map<string, Complaint>} */
  const found = new Map();
  for (const [name, rule] of RULES) {
    const complaint = values.has(name) ? rule(target, values) : null;
    if (complaint !== null) found.set(name, complaint);
  }
  return found;
}

/**
 * Say what is taken and yet does nothing, by the option's name.
 * @param {Values} values
 * @returns {Map<string, Complaint>}
 */
export function noteTogether(values) {
  /** @type {Map<string, Complaint>} */
  const notes = new Map();
  const hasBoth = values.has("width") && values.has("height");
  if (values.has("quality") && values.get("lossless") === "true") notes.set("quality", { key: "note.quality" });
  if (isChosen(values, "fit", "inside") && hasSide(values) && !hasBoth) notes.set("fit", { key: "note.fit" });
  return notes;
}

/**
 * @param {Values} values
 * @returns {boolean}
 */
function hasSide(values) {
  return values.has("width") || values.has("height");
}

/**
 * Say whether something else than the default is chosen.
 * @param {Values} values
 * @param {string} name
 * @param {string} usual
 * @returns {boolean}
 */
function isChosen(values, name, usual) {
  return (values.get(name) ?? usual) !== usual;
}

/** @type {Rule} */
function refuseIdleBackground(target, values) {
  if (target.alpha !== "full" || values.get("fit") === "pad") return null;
  return { key: "rule.background", values: { target: target.title } };
}

/** @type {Rule} */
function refuseIdleFit(_target, values) {
  return isChosen(values, "fit", "inside") && !hasSide(values) ? { key: "rule.fit" } : null;
}

/** @type {Rule} */
function refuseIdleEnlarge(_target, values) {
  return values.get("enlarge") === "true" && !hasSide(values) ? { key: "rule.enlarge" } : null;
}

/** @type {Rule} */
function refuseIdleDither(target, values) {
  const isIdle = values.get("dither") === "false" && !values.has("colors") && target.alpha !== "binary";
  return isIdle ? { key: "rule.dither" } : null;
}

/** @type {Rule} */
function refuseIdleLoop(_target, values) {
  if (values.has("page")) return { key: "rule.loop_page" };
  return values.get("animation") === "first" ? { key: "rule.loop_animation" } : null;
}

/** @type {Rule} */
function refuseSearchWithoutLoss(_target, values) {
  return values.get("lossless") === "true" ? { key: "rule.max_bytes" } : null;
}

/** @type {Rule} */
function refuseForeignSizes(target, values) {
  const sides = listSides((values.get("sizes") ?? "").replaceAll(" ", "")).sort((one, other) => one - other);
  const holds = (/** @type {number} */ side) => (target.sides.length ? target.sides.includes(side) : side <= target.most_side);
  const foreign = sides.find((side) => !holds(side));
  if (foreign === undefined) return null;
  const said = { target: target.title, side: foreign };
  if (target.sides.length) return { key: "rule.sizes_listed", values: { ...said, sides: target.sides.join(", ") } };
  return { key: "rule.sizes_up_to", values: { ...said, most: target.most_side } };
}
