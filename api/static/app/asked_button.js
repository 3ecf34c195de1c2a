/** A button that asks once, in its own place, before it does what cannot be undone. */

import { make, makeButton, setText } from "./dom.js";
import { say } from "./words.js";

export class AskedButton {
  /**
   * @param {{label: string, question: () => string, act: () => void, speak: (text: string) => void}} told
   */
  constructor(told) {
    this._told = told;
    this._isAsking = false;
    this.button = makeButton("quiet", () => {});
    this._cancel = makeButton("quiet", () => this._goBack());
    this._cancel.textContent = say("app.cancel");
    this.element = make("span", "asked");
    this.element.append(this.button, this._cancel);
    this._listen();
    this.show();
  }

  /** Show the question or the label, as they are now. */
  show() {
    setText(this.button, this._isAsking ? this._told.question() : this._told.label);
    this.button.classList.toggle("danger", this._isAsking);
    this._cancel.hidden = !this._isAsking;
  }

  _listen() {
    this.button.addEventListener("click", (event) => this._press(event));
    // A key that is held down presses again and again.
    this.button.addEventListener("keydown", (event) => event.repeat && event.preventDefault());
    this.element.addEventListener("keydown", (event) => void (event.key === "Escape" && this._isAsking && this._goBack()));
    for (const name of ["pointerdown", "focusin", "drop", "paste"]) {
      document.addEventListener(name, (event) => this._isOwn(event) || this._ask(false));
    }
  }

  /**
   * @param {Event} event
   * @returns {boolean}
   */
  _isOwn({ target }) {
    return target instanceof Node && this.element.contains(target);
  }

  /** @param {MouseEvent} event */
  _press({ detail }) {
    if (!this._isAsking) {
      this._ask(true);
      this.button.focus();
      this._told.speak(this._told.question());
    } else if (detail < 2) {
      // The second half of a double click is no answer.
      this._ask(false);
      this._told.act();
    }
  }

  _goBack() {
    this._ask(false);
    this.button.focus();
  }

  /** @param {boolean} isAsking */
  _ask(isAsking) {
    if (isAsking === this._isAsking) return;
    this._isAsking = isAsking;
    this.show();
  }
}
