/** How long an effort takes, as a forecast: the figures of core/costs.py, told before the upload. */

/** @typedef {import("./option_checks.js").Complaint} Complaint */
/** @typedef {import("./option_rules.js").Values} Values */
/** @typedef {import("./types.js").Limits} Limits */
/** @typedef {import("./types.js").Target} Target */

/** Seconds for each megapixel between decoder and encoder. */
const STEPS = 0.04;

const MEGA = 1_000_000;

/**
 * Say how large a picture may be with an effort, where that is less than any picture may be.
 * @param {Target} target
 * @param {Values} values
 * @param {Limits} limits
 * @returns {Complaint | undefined}
 */
export function noteEffort(target, values, limits) {
  if (!target.options.includes("effort")) return undefined;
  const pace = findPace(target, values) + STEPS;
  const area = (limits.job_seconds ?? 0) / pace;
  if (area * MEGA >= (limits.pixels ?? 0)) return undefined;
  return { key: "note.effort", values: { pace: round(pace), area: round(area) } };
}

/**
 * @param {Target} target
 * @param {Values} values
 * @returns {number} seconds for each megapixel
 */
function findPace(target, values) {
  const isLossless = values.get("lossless") === "true" && target.lossless_paces.length > 0;
  const paces = isLossless ? target.lossless_paces : target.paces;
  const effort = Number(values.get("effort") ?? target.defaults.effort ?? 0);
  return paces[Math.min(effort, paces.length - 1)] ?? 0;
}

/**
 * @param {number} figure
 * @returns {number} with two figures, since it is a forecast
 */
function round(figure) {
  return Number(figure.toPrecision(2));
}
