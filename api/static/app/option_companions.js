/** A second way to give a value: a slider beside a short range, a picker beside a colour; and bytes as people say them. */

import { readColor } from "./option_checks.js";

/** @typedef {import("./option_field.js").OptionField} OptionField */

/** A slider has a place for each number; more than these, and no hand finds one. */
const MOST_STEPS = 100;

/**
 * Add the companion of an option, if it has one. Returns what shows the field's value in it.
 * @param {OptionField} field
 * @param {string} language
 * @returns {(() => void) | null}
 */
export function addCompanion(field, language) {
  const { lowest, highest } = field.facts;
  if (field.name === "background") return addPicker(field);
  if (field.name === "max_bytes") return addReading(field, language);
  if (lowest !== null && highest !== null && highest - lowest < MOST_STEPS) return addSlider(field, lowest, highest);
  return null;
}

/**
 * @param {OptionField} field
 * @param {number} lowest
 * @param {number} highest
 * @returns {() => void}
 */
function addSlider(field, lowest, highest) {
  const slider = addInput(field, "range");
  slider.min = String(lowest);
  slider.max = String(highest);
  return () => {
    const text = field.text === "" ? (field.control.dataset.standard ?? "") : field.text;
    slider.value = text === "" ? slider.max : text;
    slider.classList.toggle("untouched", field.text === "");
  };
}

/**
 * @param {OptionField} field
 * @returns {() => void}
 */
function addPicker(field) {
  const picker = addInput(field, "color");
  return () => {
    picker.value = readColor(field.text) || "#ffffff";
    picker.classList.toggle("untouched", field.text === "");
  };
}

/**
 * Put an input without a name beside the control, so that it is not sent. It writes into the control.
 * @param {OptionField} field
 * @param {string} type
 * @returns {HTMLInputElement}
 */
function addInput(field, type) {
  const input = document.createElement("input");
  const pair = document.createElement("span");
  input.type = type;
  input.setAttribute("aria-label", field.label);
  input.addEventListener("input", () => {
    field.control.value = input.value;
    field.control.dispatchEvent(new Event("input", { bubbles: true }));
  });
  // Only the field's own events are followed, so that nothing is heard twice.
  input.addEventListener("change", () => field.control.dispatchEvent(new Event("change", { bubbles: true })));
  pair.className = "pair";
  field.control.replaceWith(pair);
  pair.append(input, field.control);
  return input;
}

/**
 * @param {OptionField} field
 * @param {string} language
 * @returns {() => void}
 */
function addReading(field, language) {
  const reading = document.createElement("span");
  const pair = document.createElement("span");
  reading.className = "reading";
  pair.className = "pair";
  field.control.replaceWith(pair);
  pair.append(field.control, reading);
  return () => {
    const isRight = field.text !== "" && field.complaint === null;
    reading.textContent = isRight ? `= ${showBytes(Number(field.text), language)}` : "";
  };
}

/**
 * @param {number} count
 * @param {string} language
 * @returns {string}
 */
function showBytes(count, language) {
  const [unit, size] = count < 1000 ? ["byte", 1] : count < 999_500 ? ["kilobyte", 1000] : ["megabyte", 1_000_000];
  const style = /** @type {const} */ ({ style: "unit", unitDisplay: size === 1 ? "long" : "short" });
  return new Intl.NumberFormat(language, { ...style, unit, maximumSignificantDigits: 3 }).format(count / size);
}
