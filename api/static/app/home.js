/** The form's page. What makes a list is loaded with its first file, so that the first view stays light. */

import { addressOf } from "./api_root.js";
import { findOrMake } from "./dom.js";
import { hasList, listenForList } from "./flag.js";
import { Form } from "./form.js";
import { listenForFiles } from "./intake.js";
import { Notice } from "./notice.js";
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
    /** @type {Promise<Machine> | null} */
    this._machine = null;
  }

  async start() {
    this._form.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this._submit();
    });
    listenForList(this._data.root, () => void this._load());
    if (hasList(this._data.root)) await this._load();
    listenForFiles(this._form.input, (taken) => void this._load().then((machine) => machine.add(taken)));
    this._form.open();
  }

  /** @returns {Promise<Machine>} */
  _load() {
    this._machine ??= this._startMachine();
    return this._machine;
  }

  /** @returns {Promise<Machine>} */
  async _startMachine() {
    try {
      const { startMachine } = await import("./machine.js");
      return await startMachine(this._data, this._form, this._notice);
    } catch (error) {
      this._machine = null;
      this._notice.show("action", say("app.not_loaded"));
      throw error;
    }
  }

  async _submit() {
    const machine = await this._machine;
    if (!machine?.isReady) {
      this._notice.show("action", say("app.none_ready"));
      this._form.input.focus();
    } else if (!this._form.isValid) {
      this._notice.show("action", say("app.wrong_options"));
      this._form.showProblem();
    } else if (this._data.keysOn && !this._data.hasKey) {
      this._notice.show("action", say("app.key_needed"), { text: say("app.key_link"), url: addressOf("/key") });
    } else {
      this._notice.clear("action");
      machine.start();
    }
  }
}
