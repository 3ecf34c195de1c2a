/** The format of one row: as the form says, or one of its own, until the row is sent. */

import { make, setText } from "./dom.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./row.js").RowTools} RowTools */

const CHOOSABLE = new Set(["ready", "refused", "failed", "canceled", "expired"]);

export class TargetChoice {
  /**
   * @param {Row} row
   * @param {RowTools} tools
   */
  constructor(row, tools) {
    this._tools = tools;
    this.element = make("span", "to");
    this._select = make("select", "target");
    this._select.setAttribute("aria-label", say("row.target", { name: (row.folder ?? "") + row.name }));
    this._select.append(make("option"), ...tools.targets.map((target) => new Option(target.title, target.name)));
    this._select.options[0].value = "";
    this._select.addEventListener("change", () => tools.acts.choose(row.id, this._select.value));
    this._text = make("span", "target-name");
    this.element.append(this._select, this._text);
  }

  /** @param {Row} row */
  show(row) {
    const isOpen = CHOOSABLE.has(row.state) && this._tools.hasFile(row) && !this._tools.isFixed;
    this._select.hidden = !isOpen;
    this._text.hidden = isOpen || row.target === "";
    setText(this._text, say("row.to", { target: this._titleOf(row.target || this._tools.commonTarget()) }));
    if (this._select.value !== row.target) this._select.value = row.target;
    setText(this._select.options[0], say("row.common", { target: this._titleOf(this._tools.commonTarget()) }));
  }

  /**
   * @param {string} name
   * @returns {string}
   */
  _titleOf(name) {
    return this._tools.targets.find((target) => target.name === name)?.title ?? name;
  }
}
