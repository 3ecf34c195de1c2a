/** The form's page: files come in, become rows, and are sent. */

import { Actions } from "./actions.js";
import { Adding } from "./adding.js";
import { addressOf } from "./api.js";
import { Batches } from "./batches.js";
import { findOrMake, make } from "./dom.js";
import { Following } from "./following.js";
import { Form } from "./form.js";
import { listenForFiles } from "./intake.js";
import { List } from "./list.js";
import { Notice } from "./notice.js";
import { Outage } from "./outage.js";
import { Overview } from "./overview.js";
import { openPreview } from "./comparing.js";
import { KEY_CODES, Sentences } from "./sentences.js";
import { Shelf } from "./shelf.js";
import { PENDING, Store } from "./store.js";
import { Thumbnails } from "./thumbnails.js";
import { Uploads } from "./uploads.js";
import { say } from "./words.js";

/** @typedef {import("./types.js").PageData} PageData */
/** @typedef {import("./types.js").Row} Row */

const BATCH_ENTRIES = 100;

/**
 * @param {PageData} data
 * @returns {Promise<void>}
 */
export async function startHome(data) {
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));
  const notice = new Notice(findOrMake("div", "notice", main));
  const form = new Form(/** @type {HTMLFormElement} */ (document.getElementById("form")), data);
  const store = new Store(new Shelf(data.root), `imagemill${data.root}`);
  await store.open();
  const parts = startMachinery(data, { store, notice, form });
  showList(data, { ...parts, store, notice, form });
  listenToForm(data, { ...parts, store, notice, form });
  goOn(data, { ...parts, store, notice });
  form.open();
}

/** @typedef {{store: Store, notice: Notice, form: Form}} Parts */
/** @typedef {{following: Following, uploads: Uploads, actions: Actions, sentences: Sentences}} Machinery */

/**
 * Start what sends rows and what follows them.
 * @param {PageData} data
 * @param {Parts} parts
 * @returns {Machinery}
 */
function startMachinery(data, { store, notice, form }) {
  const sentences = new Sentences(data);
  const outage = new Outage(notice);
  const following = new Following(store, listenFor(outage, "stream"));
  const batches = new Batches(store, data.limits.batch_entries ?? BATCH_ENTRIES);
  const uploads = new Uploads(store, batches, listenFor(outage, "upload"));
  const actions = new Actions({ store, uploads, batches, notice, panel: form, sentences });
  return { following, uploads, actions, sentences };
}

/**
 * @param {Outage} outage
 * @param {string} who
 * @returns {{onAway: () => void, onBack: () => void}}
 */
function listenFor(outage, who) {
  return { onAway: () => outage.mark(who, true), onBack: () => outage.mark(who, false) };
}

/**
 * @param {PageData} data
 * @param {Parts & Machinery} parts
 * @returns {void}
 */
function showList(data, { store, notice, form, actions, sentences }) {
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));
  const element = findOrMake("ul", "list", main);
  element.setAttribute("aria-label", say("app.list"));
  const empty = document.getElementById("welcome") ?? make("p", "empty", say("app.empty"));
  if (!empty.isConnected) element.after(empty);
  const overview = new Overview(element, { notice, eraseAll: () => void eraseAll(actions, form) });
  const acts = {
    remove: (/** @type {string} */ id) => void actions.remove(id),
    retry: (/** @type {string} */ id) => actions.retry(id),
    preview: (/** @type {string} */ id) => void openPreview(store, notice, id),
    choose: (/** @type {string} */ id, /** @type {string} */ target) => actions.choose(id, target),
  };
  const tools = {
    sentences, acts, targets: data.targets, language: data.language, keyPage: addressOf("/key"),
    hasFile: (/** @type {Row} */ row) => store.hasFile(row), commonTarget: () => form.target,
  }; // prettier-ignore
  const list = new List(element, store, tools, {
    onShown: (rows) => {
      overview.show(rows);
      empty.hidden = rows.length > 0;
      form.show(rows.filter((row) => row.state === "ready").length);
    },
    onEmptied: () => form.input.focus(),
  });
  new Thumbnails(store, list);
  form.panel.onChange(() => list.showAll());
}

/**
 * @param {Actions} actions
 * @param {Form} form
 * @returns {Promise<void>}
 */
async function eraseAll(actions, form) {
  await actions.eraseAll();
  form.input.focus();
}

/**
 * @param {PageData} data
 * @param {Parts & Machinery} parts
 * @returns {void}
 */
function listenToForm(data, { store, notice, form, actions }) {
  const adding = new Adding(store, notice, { accept: form.input.accept, mostBytes: data.limits.upload_bytes });
  listenForFiles(form.input, (taken) => adding.add(taken));
  form.element.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!store.list().some((row) => row.state === "ready")) {
      notice.show("action", say("app.none_ready"));
      form.input.focus();
    } else if (!form.isValid) {
      notice.show("action", say("app.wrong_options"));
      form.showProblem();
    } else if (data.keysOn && !data.hasKey) tellKey(notice);
    else {
      notice.clear("action");
      actions.start();
    }
  });
  window.addEventListener("beforeunload", (event) => {
    // Only what this browser could not keep would be lost.
    if (store.list().some((row) => PENDING.has(row.state) && !row.kept && row.tab === store.tab)) event.preventDefault();
  });
}

/** @param {Notice} notice */
function tellKey(notice) {
  notice.show("action", say("app.key_needed"), { text: say("app.key_link"), url: addressOf("/key") });
}

/**
 * Go on with what an earlier visit began.
 * @param {PageData} data
 * @param {{store: Store, notice: Notice, uploads: Uploads, following: Following}} parts
 * @returns {void}
 */
function goOn(data, { store, notice, uploads, following }) {
  for (const row of store.list()) {
    const lacksKey = row.state === "refused" && KEY_CODES.has(row.trouble?.code ?? "");
    if (data.hasKey && lacksKey) store.update(row.id, { state: "uploading", trouble: null, tab: store.tab });
  }
  uploads.start();
  void following.refresh();
  if (!store.isLasting) notice.show("lasting", say("app.not_lasting"));
}
