/** The groups of options, with what is given in each group's head. On a phone they begin folded: all at once are a long way. */

/** @typedef {import("./option_field.js").OptionField} OptionField */

const PHONE = "(max-width: 36rem)";

export class OptionGroup {
  /**
   * @param {HTMLDetailsElement} element
   * @param {OptionField[]} fields all of the form
   */
  constructor(element, fields) {
    this.element = element;
    this._fields = fields.filter((field) => element.contains(field.box));
    this._given = document.createElement("span");
    this._given.className = "chosen";
    element.querySelector("summary")?.append(" ", this._given);
    if (window.matchMedia(PHONE).matches) element.open = this._fields.some((field) => field.isTold);
  }

  /** Show what is given. A group of which the target takes nothing is not there. */
  show() {
    const taken = this._fields.filter((field) => field.isTaken);
    this.element.hidden = taken.length === 0;
    const text = listGiven(taken);
    if (this._given.textContent !== text) this._given.textContent = text;
    this._given.classList.toggle("wrong", taken.some((field) => field.isTold));
  }
}

/**
 * Return what is given, in a line.
 * @param {OptionField[]} fields
 * @returns {string}
 */
export function listGiven(fields) {
  return fields.filter((field) => field.text !== "").map((field) => field.shown).join(", ");
}
