/** The form's page. Files become rows at once; what shows and sends rows is loaded with the first of them. */

import { Adding } from "./adding.js";
import { addressOf } from "./api_root.js";
import { keepChoices } from "./choices.js";
import { findOrMake } from "./dom.js";
import { Form } from "./form.js";
import { listenForFiles } from "./intake.js";
import { Notice } from "./notice.js";
import { sendReady } from "./sending.js";
import { Shelf } from "./shelf.js";
import { PENDING, RUNNING, Store } from "./store.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").PageData} PageData */
/** @typedef {import("./machine.js").Machine} Machine */

/**
 * @param {PageData} data
 * @returns {Promise<void>}
 */
export async function startHome(data) {
  const home = new Home(data);
  await home.start();
}

class Home {
  /** @param {PageData} data */
  constructor(data) {
    this._data = data;
    const main = /** @type {HTMLElement} */ (document.getElementById("main"));
    this._notice = new Notice(findOrMake("div", "notice", main));
    this._form = new Form(/** @type {HTMLFormElement} */ (document.getElementById("form")), data);
    keepChoices(this._form.panel, data.root, document.querySelector(".refusal") !== null);
    this._store = new Store(new Shelf(data.root), `imagemill${data.root}`);
    /** @type {Promise<Machine> | null} */
    this._machine = null;
  }

  async start() {
    // Rows come from other tabs too.
    this._store.listen((change) => void (change.kind === "added" && this._load()));
    await this._store.open();
    await this._machine;
    const known = { accept: this._form.input.accept, mostBytes: this._data.limits.upload_bytes };
    const adding = new Adding(this._store, this._notice, known);
    listenForFiles(this._form.input, (taken) => {
      adding.add(taken);
      if (taken.length > 0) this._withMachine((machine) => machine.showAdded());
    });
    this._form.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit();
    });
    this._form.open();
  }

  _load() {
    this._machine ??= this._startMachine();
  }

  /**
   * @param {(machine: Machine) => void} act is left out where the list could not be loaded, which is said already
   */
  _withMachine(act) {
    void this._machine?.then(act, () => {});
  }

  /** @returns {Promise<Machine>} */
  async _startMachine() {
    try {
      const { startMachine } = await import("./machine.js");
      return startMachine(this._data, this._store, this._form, this._notice);
    } catch (error) {
      this._machine = null;
      this._notice.show("action", say("app.not_loaded"));
      throw error;
    }
  }

  _submit() {
    const rows = this._store.list();
    if (!rows.some((row) => row.state === "ready")) {
      // The button was pressed twice: what is on its way says so in the list.
      if (rows.some((row) => PENDING.has(row.state) || RUNNING.has(row.state))) return;
      this._notice.show("action", say("app.none_ready"));
      this._form.input.focus();
    } else if (!this._form.isValid) {
      this._notice.show("action", say("app.wrong_options"));
      this._form.showProblem();
    } else if (this._data.keysOn && !this._data.hasKey) {
      this._notice.show("action", say("app.key_needed"), { text: say("app.key_link"), url: addressOf("/key") });
    } else {
      this._notice.clear("action");
      sendReady(this._store, this._form);
      this._withMachine((machine) => machine.showStarted());
    }
  }
}
