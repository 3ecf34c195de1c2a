/** One option in the form: its control, the default beside it, and a message in place. */

import { checkValue } from "./option_checks.js";
import { addCompanion } from "./option_companions.js";
import { say } from "./words.js";

/** @typedef {import("./option_checks.js").Complaint} Complaint */
/** @typedef {import("./types.js").OptionFacts} OptionFacts */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {HTMLInputElement | HTMLSelectElement} Control */

export class OptionField {
  /** @type {(() => void) | null} */
  #showCompanion;
  #isTaken = true;

  /**
   * @param {string} name
   * @param {OptionFacts} facts
   * @param {Control} control
   * @param {string} language
   */
  constructor(name, facts, control, language) {
    this.name = name;
    this.facts = facts;
    this.control = control;
    this.box = /** @type {HTMLElement} */ (control.closest(".option"));
    this.message = this.#findMessage();
    this.told = this.message.textContent ?? "";
    this.standard = this.#addHint("standard");
    this.note = this.#addHint("note");
    this.#showCompanion = addCompanion(this, language);
    this.box.querySelector(".takers")?.remove();
  }

  /** The label as it is read out. */
  get label() {
    return this.box.querySelector("label")?.textContent?.trim() ?? this.name;
  }

  /** What is given, as the service will read it; empty when nothing is. */
  get text() {
    if (isCheckbox(this.control)) return this.control.checked ? this.control.value : "";
    // A number field gives an empty value for what is no number.
    return this.control.validity.badInput ? "?" : this.control.value.trim();
  }

  set text(text) {
    if (isCheckbox(this.control)) this.control.checked = text === this.control.value;
    else this.control.value = this.#isUsual(text) ? "" : text;
    this.#showCompanion?.();
  }

  /** What is given, as a person reads it; a switch that is on is its label alone. */
  get shown() {
    if (isCheckbox(this.control)) return this.label;
    const choice = this.control instanceof HTMLSelectElement ? this.control.selectedOptions[0]?.text : "";
    return `${this.label}: ${choice || this.text}`;
  }

  /** Whether the chosen target takes it. */
  get isTaken() {
    return this.#isTaken;
  }

  /** What is wrong with it by itself. */
  get complaint() {
    return checkValue(this.name, this.facts, this.text);
  }

  /** Whether a message stands beneath it. */
  get isTold() {
    return this.told !== "";
  }

  /**
   * Show or hide it, with what holds without it. What is hidden is kept, and not sent.
   * @param {Target} target
   */
  showFor(target) {
    this.#isTaken = target.options.includes(this.name);
    this.box.hidden = this.control.disabled = !this.#isTaken;
    this.standard.textContent = this.#isTaken ? this.#describeDefault(target) : "";
    if (this.facts.highest !== null && this.control instanceof HTMLInputElement) {
      this.control.placeholder = String(target.defaults[this.name] ?? "");
    }
    this.control.dataset.standard = String(target.defaults[this.name] ?? "");
    this.#showCompanion?.();
  }

  /**
   * Show a sentence about what is wrong, or none. Returns whether it is another one than before.
   * @param {string} sentence
   * @returns {boolean}
   */
  tell(sentence) {
    if (this.told === sentence) return false;
    this.told = sentence;
    this.message.textContent = sentence;
    this.message.removeAttribute("lang");
    this.message.hidden = sentence === "";
    this.control.setAttribute("aria-invalid", String(sentence !== ""));
    return true;
  }

  /**
   * Show what is right and yet does nothing, or nothing.
   * @param {Complaint | undefined} note
   */
  remark(note) {
    const sentence = note ? ` ${say(note.key, note.values)}` : "";
    if (this.note.textContent !== sentence) this.note.textContent = sentence;
  }

  /**
   * @param {Target} target
   * @returns {string}
   */
  #describeDefault(target) {
    const standard = target.defaults[this.name];
    if (this.name === "quality" && standard === undefined) return ` ${say("standard.lossless", { target: target.title })}`;
    if (this.facts.highest === null || standard === undefined) return "";
    return ` ${say("standard.number", { target: target.title, value: Number(standard) })}`;
  }

  /**
   * Say whether a choice is the first one of the list, which has no value.
   * @param {string} text
   * @returns {boolean}
   */
  #isUsual(text) {
    return this.control instanceof HTMLSelectElement && text === String(this.facts.default);
  }

  /** @returns {HTMLElement} */
  #findMessage() {
    const found = document.getElementById(`${this.name}-wrong`);
    if (found) return found;
    const message = document.createElement("small");
    message.id = `${this.name}-wrong`;
    message.className = "wrong";
    message.hidden = true;
    this.#hint().before(message);
    this.control.setAttribute("aria-describedby", `${message.id} ${this.#hint().id}`);
    return message;
  }

  /**
   * @param {string} name
   * @returns {HTMLElement}
   */
  #addHint(name) {
    const part = document.createElement("span");
    part.className = name;
    this.#hint().append(part);
    return part;
  }

  /** @returns {HTMLElement} */
  #hint() {
    return /** @type {HTMLElement} */ (document.getElementById(`${this.name}-hint`));
  }
}

/**
 * @param {Control} control
 * @returns {control is HTMLInputElement}
 */
function isCheckbox(control) {
  return control instanceof HTMLInputElement && control.type === "checkbox";
}
