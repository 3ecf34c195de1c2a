/** One row of the list on the screen. */

import { make, makeButton, setText } from "./dom.js";
import { askFirst } from "./downloads.js";
import { makeLink } from "./notice.js";
import { KEY_CODES } from "./sentences.js";
import { PENDING, RUNNING } from "./store.js";
import { TargetChoice } from "./target_choice.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").Moment} Moment */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./sentences.js").Sentences} Sentences */

/**
 * What the page does when a button of a row is pressed.
 * @typedef {object} RowActs
 * @property {(id: string) => void} remove
 * @property {(id: string) => void} retry
 * @property {(id: string) => void} preview
 * @property {(id: string) => Promise<boolean>} hasResult asked before a download
 * @property {(id: string, target: string) => void} choose
 */

/**
 * What all rows share.
 * @typedef {object} RowTools
 * @property {Sentences} sentences
 * @property {Target[]} targets
 * @property {RowActs} acts
 * @property {(row: Row) => boolean} hasFile
 * @property {() => string} commonTarget
 * @property {string} keyPage
 * @property {boolean} isFixed whether rows are only looked at: no target can be chosen, and nothing sent again
 */

const RETRIED = new Set(["failed", "canceled", "expired", "refused"]);

export class RowView {
  /**
   * @param {Row} row
   * @param {RowTools} tools
   */
  constructor(row, tools) {
    this.id = row.id;
    this._tools = tools;
    this.element = make("li", "row");
    this._thumb = make("span", "thumb");
    this._name = make("span", "name", row.name);
    // Files of two folders may have one name. Only the beginning of a long one has room.
    this._folder = make("span", "folder", row.folder);
    this._name.title = pathOf(row);
    this._size = make("span", "size");
    this._target = new TargetChoice(row, tools);
    this._progress = make("progress");
    this._state = make("p", "state");
    this._sizes = make("p", "sizes");
    this._trouble = make("div", "trouble");
    this._warnings = make("ul", "warnings");
    this._download = make("a", "download button");
    askFirst(this._download, () => tools.acts.hasResult(row.id));
    this._preview = makeButton("preview quiet", () => tools.acts.preview(row.id));
    this._retry = makeButton("retry quiet", () => tools.acts.retry(row.id));
    this._remove = makeButton("remove quiet", () => tools.acts.remove(row.id));
    this._buttons = make("div", "buttons");
    this._build();
  }

  /**
   * Show how the row is now.
   * @param {Row} row
   * @param {Moment} moment
   */
  show(row, moment) {
    this.element.dataset.state = row.state;
    this._target.show(row);
    setText(this._size, this._tools.sentences.bytes(row.size));
    setText(this._state, this._tools.sentences.state(row, moment));
    setText(this._sizes, this._tools.sentences.sizes(row));
    this._sizes.hidden = this._sizes.textContent === "";
    this._showProgress(row, moment);
    this._showTrouble(row);
    this._showWarnings(row);
    this._showButtons(row);
  }

  /**
   * Show a small picture of the file.
   * @param {string} url
   */
  showThumb(url) {
    const image = make("img");
    image.src = url;
    image.alt = "";
    this._thumb.replaceChildren(image);
  }

  /** Put the focus on the button with which the row before was removed. */
  focusRemoval() {
    this._remove.focus();
  }

  _build() {
    this._thumb.setAttribute("aria-hidden", "true");
    this._thumb.append(make("span", "extension", extensionOf(this._name.textContent ?? "")));
    this._progress.setAttribute("aria-label", say("row.progress", { name: this._name.title }));
    const file = make("div", "file");
    file.append(this._name, " ", this._size, this._folder);
    const status = make("div", "status");
    status.append(this._state, this._sizes, this._progress);
    const notes = make("div", "notes");
    notes.append(this._trouble, this._warnings);
    this._buttons.append(this._remove);
    this.element.append(this._thumb, file, this._target.element, status, notes, this._buttons);
  }

  /**
   * @param {Row} row
   * @param {Moment} moment
   */
  _showProgress(row, { sent, total }) {
    const isUploading = row.state === "uploading" && sent !== undefined && total;
    this._progress.hidden = !(isUploading || row.state === "processing");
    if (isUploading && sent < total) {
      this._progress.max = total;
      this._progress.value = sent;
    } else this._progress.removeAttribute("value");
  }

  /** @param {Row} row */
  _showTrouble(row) {
    const said = this._tools.sentences.trouble(row);
    const shown = JSON.stringify(said);
    this._trouble.hidden = said === null;
    if (this._trouble.dataset.shown === shown) return;
    this._trouble.dataset.shown = shown;
    this._trouble.replaceChildren();
    if (!said) return;
    this._trouble.append(make("p", "", said.text));
    if (said.detail) this._trouble.append(makeDetail(said.detail));
    if (row.trouble && KEY_CODES.has(row.trouble.code)) {
      this._trouble.append(makeLink({ text: say("app.key_link"), url: this._tools.keyPage }));
    }
  }

  /** @param {Row} row */
  _showWarnings(row) {
    const warnings = row.state === "succeeded" ? (row.answer?.warnings ?? []) : [];
    const shown = JSON.stringify(warnings);
    this._warnings.hidden = warnings.length === 0;
    if (this._warnings.dataset.shown === shown) return;
    this._warnings.dataset.shown = shown;
    this._warnings.replaceChildren(...warnings.map((warning) => this._makeWarning(warning)));
  }

  /**
   * @param {import("./types.js").Coded} warning
   * @returns {HTMLLIElement}
   */
  _makeWarning(warning) {
    const said = this._tools.sentences.warning(warning);
    const item = make("li", "", said.text);
    item.dataset.code = warning.code;
    if (said.detail) item.append(makeDetail(said.detail));
    return item;
  }

  /**
   * Put a button into the row, or take it out. The others are not moved, or they would lose the focus.
   * @param {HTMLAnchorElement | HTMLButtonElement} button
   * @param {boolean} isOffered
   */
  _offer(button, isOffered) {
    if (!isOffered) {
      if (button === document.activeElement) this._remove.focus();
      button.remove();
    } else if (button.parentElement === null) {
      /** @type {HTMLElement[]} */
      const order = [this._download, this._preview, this._retry, this._remove];
      const next = order.slice(order.indexOf(button) + 1).find((other) => other.parentElement);
      this._buttons.insertBefore(button, next ?? null);
    }
  }

  /** @param {Row} row */
  _showButtons(row) {
    const { state } = row;
    const name = pathOf(row);
    const result = state === "succeeded" ? row.answer?.result : null;
    this._offer(this._download, Boolean(result));
    if (result) {
      this._download.href = result.url;
      this._download.download = result.filename;
      label(this._download, say("row.download"), pathOf({ ...row, name: result.filename }));
    }
    this._offer(this._preview, Boolean(result));
    label(this._preview, say("row.preview"), name);
    const isRetried = (RETRIED.has(state) && this._tools.hasFile(row)) || state === "away";
    this._offer(this._retry, isRetried && !this._tools.isFixed);
    label(this._retry, say(state === "away" ? "row.now" : "row.retry"), name);
    label(this._remove, say(removalOf(row)), name);
  }
}

/**
 * @param {Row} row
 * @returns {string} what tells it from a file of the same name in another folder
 */
function pathOf({ folder = "", name }) {
  return folder + name;
}

/**
 * @param {Row} row
 * @returns {string} what the last button does
 */
function removalOf(row) {
  if (PENDING.has(row.state) || RUNNING.has(row.state)) return "row.cancel";
  return row.state === "succeeded" ? "row.erase" : "row.remove";
}

/**
 * Name a button, and for a screen reader also the file that it is about.
 * @param {HTMLElement} element
 * @param {string} text
 * @param {string} name
 */
function label(element, text, name) {
  setText(element, text);
  element.setAttribute("aria-label", `${text}: ${name}`);
}

/**
 * @param {string} detail a sentence of the service, which speaks English
 * @returns {HTMLElement}
 */
function makeDetail(detail) {
  const element = make("small", "detail", detail);
  element.lang = "en";
  return element;
}

/**
 * @param {string} name
 * @returns {string} as a sign for a file without a picture
 */
function extensionOf(name) {
  const found = /\.(\w{1,4})$/.exec(name);
  return found ? found[1].toUpperCase() : "";
}
