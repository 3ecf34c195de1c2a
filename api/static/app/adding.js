/** Files become rows. What the service would refuse for sure is refused here, before it is sent. */

import { say } from "./words.js";

/** @typedef {import("./types.js").Trouble} Trouble */
/** @typedef {import("./intake.js").Taken} Taken */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./notice.js").Notice} Notice */

/** Kinds of files that hold no image that is read. What else a file is, only its bytes tell, and the service. */
const NO_IMAGE = /^(text|video|audio)\/|^application\/pdf$/;

export class Adding {
  /**
   * @param {Store} store
   * @param {Notice} notice
   * @param {{accept: string, mostBytes: number}} known `accept` as the file field has it
   */
  constructor(store, notice, known) {
    this._store = store;
    this._notice = notice;
    this._extensions = new Set(known.accept.split(",").filter((part) => part.startsWith(".")));
    this._mostBytes = known.mostBytes;
  }

  /** @param {Taken[]} taken */
  add(taken) {
    const wanted = taken.filter((one) => one.from !== "folder" || this._isImage(one.file));
    // "Add images first" and the like is answered by this.
    this._notice.clear("action");
    for (const one of wanted) this._addFile(one);
    this._tell(taken.length, wanted.length);
  }

  /** @param {Taken} taken */
  _addFile({ file, from, folder }) {
    const row = { name: from === "clipboard" ? this._nameOf(file) : file.name, size: file.size, folder };
    const trouble = this._refuse(file);
    // The bytes of a refused file can make no job, so they are not kept.
    if (trouble) this._store.add({ ...row, state: "refused", trouble }, null);
    else this._store.add(row, file);
  }

  /**
   * @param {File} file
   * @returns {Trouble | null}
   */
  _refuse(file) {
    if (file.size === 0) return { status: 400, code: "empty_file", detail: "" };
    if (file.size > this._mostBytes) return { status: 413, code: "too_large", detail: "" };
    // Systems name types by endings, and some know those of rare images as something else.
    if (NO_IMAGE.test(file.type) && !this._hasImageEnding(file)) return { status: 415, code: "no_image", detail: "" };
    return null;
  }

  /**
   * A browser calls every pasted picture `image.png`.
   * @param {File} file
   * @returns {string} a name that no other row has
   */
  _nameOf(file) {
    if (file.name !== "" && file.name !== "image.png") return file.name;
    const names = new Set(this._store.list().map((row) => row.name));
    const extension = file.type.split("/")[1] ?? "png";
    let number = 1;
    while (names.has(`${say("app.pasted", { number })}.${extension}`)) number += 1;
    return `${say("app.pasted", { number })}.${extension}`;
  }

  /**
   * Say whether a file of a folder is an image, as far as its name tells.
   * @param {File} file
   * @returns {boolean}
   */
  _isImage(file) {
    return file.type.startsWith("image/") || this._hasImageEnding(file);
  }

  /**
   * @param {File} file
   * @returns {boolean}
   */
  _hasImageEnding(file) {
    return this._extensions.has(/\.\w+$/.exec(file.name.toLowerCase())?.[0] ?? "");
  }

  /**
   * @param {number} taken
   * @param {number} count of those that became rows
   */
  _tell(taken, count) {
    const others = taken - count;
    const parts = [];
    if (count > 0) parts.push(say("app.added", { count }));
    if (others > 0) parts.push(say("app.passed_over", { count: others }));
    if (taken === 0) parts.push(say("app.nothing_in_it"));
    // New rows behind an open comparison are seen by nobody, and heard by nobody.
    const isSeen = document.querySelector("dialog[open]") === null;
    if (taken > 0 && others === 0 && isSeen) this._notice.speak(parts.join(" "));
    else this._notice.show("action", parts.join(" "));
  }
}
