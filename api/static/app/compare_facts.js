/** The table of facts beside the pictures. */

import { make } from "./compare_parts.js";
import { changePercent, formatBytes, formatChange } from "./sizes.js";
import { say } from "./words.js";

/** @typedef {import("./sentences.js").Said} Said */
/** @typedef {import("./types.js").Source} SourceFacts */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./preview.js").Showable} Showable */
/**
 * @typedef {object} ResultFacts
 * @property {string} url
 * @property {string} filename
 * @property {string} media_type
 * @property {number} bytes
 * @property {number} width
 * @property {number} height
 * @property {number} [frames]
 */
/**
 * @typedef {object} Compared
 * @property {SourceFacts} source
 * @property {ResultFacts} result
 * @property {Said[]} lost what the result could not keep
 * @property {Target[]} targets known formats with their titles
 * @property {string} language
 */
/** @typedef {{source: Showable | null, result: Showable | null}} Shown */

/**
 * Build the table, and the warnings below it.
 * @param {Compared} compared
 * @param {Shown | null} shown what stands on the stage; null while that is not known
 * @returns {HTMLElement[]}
 */
export function buildFacts(compared, shown) {
  const head = make("tr", {}, make("td"), makeHead("col", say("compare.source")), makeHead("col", say("compare.result")));
  const rows = listRows(compared, shown).map(([title, ...cells]) => makeRow(title, cells));
  const caption = make("caption", {}, say("compare.facts"));
  const table = make("table", {}, caption, make("thead", {}, head), make("tbody", {}, ...rows));
  return [table, ...buildFit(compared, shown), ...buildLosses(compared.lost)];
}

/**
 * @param {Compared} compared
 * @param {Shown | null} shown
 * @returns {[string, string, string][]}
 */
function listRows({ source, result, targets, language }, shown) {
  /** @type {[string, string, string][]} */
  const rows = [
    [say("compare.format"), nameFormat(source.format, targets), nameExtension(result.filename, targets)],
    [say("compare.dimensions"), nameSize(source), nameSize(result)],
    [say("compare.bytes"), formatBytes(source.bytes, language), formatBytes(result.bytes, language)],
    [say("compare.change"), "", nameChange(source.bytes, result.bytes, language)],
  ];
  if (Math.max(source.frames ?? 1, result.frames ?? 1) > 1) {
    rows.push([say("compare.frames"), nameCount(source.frames), nameCount(result.frames)]);
  }
  if (shown) rows.push([say("compare.shown"), nameShown(shown.source, source), nameShown(shown.result, result)]);
  return rows;
}

/**
 * @param {string} title
 * @param {string[]} cells
 */
function makeRow(title, cells) {
  return make("tr", {}, makeHead("row", title), ...cells.map((text) => make("td", {}, text)));
}

/**
 * @param {string} scope
 * @param {string} title
 */
function makeHead(scope, title) {
  return make("th", { scope }, title);
}

/**
 * @param {string} name
 * @param {Target[]} targets
 */
function nameFormat(name, targets) {
  return targets.find((target) => target.name === name)?.title ?? name.toUpperCase();
}

/**
 * @param {string} filename of a result, whose extension is true
 * @param {Target[]} targets
 */
function nameExtension(filename, targets) {
  const extension = filename.slice(filename.lastIndexOf(".") + 1);
  return targets.find((target) => target.extension === extension)?.title ?? extension.toUpperCase();
}

/** @param {{width: number | null, height: number | null}} size */
function nameSize({ width, height }) {
  return width && height ? say("compare.size", { width: String(width), height: String(height) }) : "";
}

/** @param {number | null | undefined} count */
function nameCount(count) {
  return count ? String(count) : "";
}

/**
 * Say how much smaller or larger the result is, as the row of the list does.
 * @param {number} before
 * @param {number} after
 * @param {string} language
 */
export function nameChange(before, after, language) {
  if (!before || before === after) return say("compare.same");
  const percent = changePercent(before, after);
  const text = percent ? formatChange(percent, language) : formatSmall(Math.abs(before - after) / before, language);
  return after < before ? say("compare.smaller", { share: text }) : say("compare.larger", { share: text });
}

/**
 * @param {number} share under a percent
 * @param {string} language
 */
function formatSmall(share, language) {
  return new Intl.NumberFormat(language, { style: "percent", maximumSignificantDigits: 1 }).format(share);
}

/**
 * @param {Showable | null} shown
 * @param {{width: number | null, height: number | null}} facts
 */
function nameShown(shown, facts) {
  if (!shown) return say("compare.not_shown");
  if (!shown.isPreview) return say("compare.as_is");
  const isWhole = shown.width === facts.width && shown.height === facts.height;
  const side = String(Math.max(shown.width, shown.height));
  return isWhole ? say("compare.as_whole_preview") : say("compare.as_preview", { side });
}

/**
 * Say that the result is laid on the original's area, where their sizes differ.
 * @param {Compared} compared
 * @param {Shown | null} shown
 * @returns {HTMLElement[]}
 */
function buildFit({ source, result }, shown) {
  const isBoth = shown !== null && shown.source !== null && shown.result !== null;
  const isSame = source.width === result.width && source.height === result.height;
  if (!isBoth || isSame || !source.width || !source.height) return [];
  const key = isSameShape({ width: source.width, height: source.height }, result) ? "compare.scaled" : "compare.contained";
  return [make("p", { class: "note" }, say(key))];
}

/**
 * Say whether one is the other made larger or smaller. Sides are whole pixels, so half a pixel is nothing.
 * @param {{width: number, height: number}} one
 * @param {{width: number, height: number}} other
 */
export function isSameShape(one, other) {
  const scale = Math.max(other.width / one.width, other.height / one.height);
  return Math.abs(one.width * scale - other.width) <= 1 && Math.abs(one.height * scale - other.height) <= 1;
}

/**
 * @param {Said[]} lost
 * @returns {HTMLElement[]}
 */
function buildLosses(lost) {
  if (!lost.length) return [];
  const items = lost.map(({ text, detail }) => make("li", {}, text, ...buildDetail(detail)));
  return [make("h3", {}, say("compare.warnings")), make("ul", { class: "compare-warnings" }, ...items)];
}

/**
 * @param {string} detail of the service, which speaks English
 * @returns {HTMLElement[]}
 */
function buildDetail(detail) {
  return detail ? [make("small", { lang: "en" }, detail)] : [];
}
