/** The plain form, made the way in for many files: its field takes several, and its button starts the list. */

import { make, setText } from "./dom.js";
import { OptionsPanel } from "./options.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").PageData} PageData */
/** @typedef {import("./types.js").Fields} Fields */

export class Form {
  /**
   * @param {HTMLFormElement} element
   * @param {PageData} data
   */
  constructor(element, data) {
    this.element = element;
    this.input = /** @type {HTMLInputElement} */ (document.getElementById("files"));
    this.select = /** @type {HTMLSelectElement} */ (document.getElementById("target_format"));
    this.button = /** @type {HTMLButtonElement} */ (document.getElementById("convert"));
    this.panel = new OptionsPanel(element, data);
    this._enhance();
  }

  /** The target for all rows without one of their own. */
  get target() {
    return this.select.value;
  }

  /** Whether the service will take the options, as far as the page knows. */
  get isValid() {
    return this.panel.isValid;
  }

  /**
   * Return the given options that a target takes.
   * @param {string} target
   * @returns {Fields}
   */
  fieldsFor(target) {
    return this.panel.fieldsFor(target);
  }

  /** Take many files from now on. Whoever waits for the page to be ready can see it by this. */
  open() {
    this.input.multiple = true;
  }

  /** @param {number} count of rows that are ready */
  show(count) {
    setText(this.button, count > 0 ? say("app.convert_count", { count }) : say("app.convert"));
  }

  /** Show the person which option is wrong. */
  showProblem() {
    this.panel.showProblem();
  }

  _enhance() {
    this.input.required = false;
    this.input.classList.add("unseen");
    const label = /** @type {HTMLLabelElement} */ (document.querySelector("label[for=files]"));
    label.textContent = say("app.choose");
    label.classList.add("button");
    label.classList.remove("drop-title");
    // The field stands before its label, so that the label can show that the field has the focus.
    label.before(make("span", "drop-title", say("app.drop")), this.input);
  }
}
