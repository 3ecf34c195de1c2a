/** The plain form, made the way in for many files: its field takes several, and its button starts the list. */

import { make, setText } from "./dom.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").PageData} PageData */
/** @typedef {import("./types.js").Fields} Fields */

export class Form {
  /**
   * @param {HTMLFormElement} element
   * @param {PageData} data
   */
  constructor(element, data) {
    this._data = data;
    this.element = element;
    this.input = /** @type {HTMLInputElement} */ (document.getElementById("files"));
    this.select = /** @type {HTMLSelectElement} */ (document.getElementById("target_format"));
    this.button = /** @type {HTMLButtonElement} */ (document.getElementById("convert"));
    /** @type {any} the panel of options, once it is there */
    this.panel = null;
    this._enhance();
  }

  /** The target for all rows without one of their own. */
  get target() {
    return this.select.value;
  }

  /** Whether the service will take the options, as far as the page knows. */
  get isValid() {
    return this.panel ? this.panel.isValid : this.element.checkValidity();
  }

  /**
   * Return the given options that a target takes.
   * @param {string} target
   * @returns {Fields}
   */
  fieldsFor(target) {
    if (this.panel) return this.panel.fieldsFor(target);
    const taken = new Set(this._data.targets.find(({ name }) => name === target)?.options);
    const given = [...new FormData(this.element)].filter(([name, value]) => taken.has(name) && value !== "");
    return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
  }

  /** Let the module of the options take over theirs. */
  async usePanel() {
    try {
      // @ts-ignore - the module comes with the options
      const { OptionsPanel } = await import("./options.js");
      this.panel = new OptionsPanel(this.element, this._data);
    } catch {
      this.panel = null;
    }
  }

  /** @param {number} count of rows that are ready */
  show(count) {
    setText(this.button, count > 0 ? say("app.convert_count", { count }) : say("app.convert"));
  }

  /** Show the person which option is wrong. */
  showProblem() {
    if (this.panel) this.panel.showProblem();
    else this.element.reportValidity();
  }

  _enhance() {
    this.input.multiple = true;
    this.input.required = false;
    this.input.classList.add("unseen");
    const label = /** @type {HTMLLabelElement} */ (document.querySelector("label[for=files]"));
    label.textContent = say("app.choose");
    label.classList.add("button");
    const place = /** @type {HTMLElement} */ (label.parentElement);
    place.classList.add("drop");
    // The field stands before its label, so that the label can show that the field has the focus.
    place.prepend(make("span", "drop-words", say("app.drop")), this.input);
  }
}
