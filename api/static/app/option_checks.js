/** What the service takes as the value of an option: the same rules as core/option_kinds.py, told while typing. */

/** @typedef {import("./types.js").OptionFacts} OptionFacts */

/**
 * What is wrong: a key of the words, and the values in its sentence.
 * @typedef {{key: string, values?: {[name: string]: string | number}}} Complaint
 */

const MOST_SIDES = 20;

/** @type {{[name: string]: (text: string) => boolean}} */
const SYNTAXES = { background: isColor, crop: isCrop, sizes: isSizes };

/**
 * Return what is wrong with a text by itself; null when the service takes it. An empty one is not given.
 * @param {string} name
 * @param {OptionFacts} facts
 * @param {string} text
 * @returns {Complaint | null}
 */
export function checkValue(name, facts, text) {
  const isTaken = SYNTAXES[name];
  if (text === "") return null;
  if (isTaken) return isTaken(text) ? null : { key: `wrong.${name}` };
  return facts.highest === null ? checkChoice(facts, text) : checkNumber(facts.lowest ?? 0, facts.highest, text);
}

/**
 * @param {number} lowest
 * @param {number} highest
 * @param {string} text
 * @returns {Complaint | null}
 */
function checkNumber(lowest, highest, text) {
  const isTaken = /^[0-9]{1,9}$/.test(text) && lowest <= Number(text) && Number(text) <= highest;
  return isTaken ? null : { key: "wrong.number", values: { lowest, highest } };
}

/**
 * @param {OptionFacts} facts
 * @param {string} text
 * @returns {Complaint | null}
 */
function checkChoice(facts, text) {
  const choices = facts.type === "boolean" ? ["true", "false"] : facts.choices.map(String);
  return choices.includes(text) ? null : { key: "wrong.choice" };
}

/**
 * Return a colour as #rrggbb; an empty text for what is none.
 * @param {string} text
 * @returns {string}
 */
export function readColor(text) {
  const color = text.toLowerCase();
  if (/^#[0-9a-f]{6}$/.test(color)) return color;
  if (/^#[0-9a-f]{3}$/.test(color)) return color.replace(/[0-9a-f]/g, "$&$&");
  return /^[a-z]+$/.test(color) && color !== "currentcolor" ? readColorName(color) : "";
}

/**
 * Ask the browser, which knows the names. It also knows the colours of the system, which only the service refuses.
 * @param {string} name
 * @returns {string}
 */
function readColorName(name) {
  const brush = document.createElement("canvas").getContext("2d");
  if (brush === null) return "";
  // What is no colour leaves the one before. No name stands for this one.
  brush.fillStyle = "#000001";
  brush.fillStyle = name;
  const color = String(brush.fillStyle);
  return color === "#000001" || !color.startsWith("#") ? "" : color;
}

/**
 * @param {string} text
 * @returns {boolean}
 */
function isColor(text) {
  return readColor(text) !== "";
}

/**
 * Say whether it is x,y,width,height, or a ratio, without a side of 0.
 * @param {string} text
 * @returns {boolean}
 */
function isCrop(text) {
  const bare = text.replaceAll(" ", "");
  const numbers = bare.split(/[,:]/).map(Number);
  return /^([0-9]{1,5}(,[0-9]{1,5}){3}|[0-9]{1,5}:[0-9]{1,5})$/.test(bare) && numbers.slice(-2).every(Boolean);
}

/**
 * Say whether it lists sides of pictures, each once.
 * @param {string} text
 * @returns {boolean}
 */
function isSizes(text) {
  const bare = text.replaceAll(" ", "");
  const sides = listSides(bare);
  const areDifferent = new Set(sides).size === sides.length;
  return /^[0-9]{1,4}(,[0-9]{1,4})*$/.test(bare) && areDifferent && sides.length <= MOST_SIDES && sides.every(Boolean);
}

/**
 * @param {string} text
 * @returns {number[]}
 */
export function listSides(text) {
  return text.split(",").filter(Boolean).map(Number);
}
