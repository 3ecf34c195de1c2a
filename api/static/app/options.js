/** The options of the form: only those that the chosen target takes, checked while typing. */

import { noteEffort } from "./option_costs.js";
import { OptionField } from "./option_field.js";
import { OptionGroup, listGiven } from "./option_groups.js";
import { checkTogether, noteTogether } from "./option_rules.js";
import { PresetBar } from "./presets.js";
import { say } from "./words.js";

/** @typedef {import("./option_checks.js").Complaint} Complaint */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./types.js").Fields} Fields */
/** @typedef {import("./types.js").PageData} PageData */

/** How long a person may stop typing before a new message comes, in milliseconds. */
const PAUSE = 700;

export class OptionsPanel {
  /** @type {Map<string, Target>} */
  #targets;
  /** @type {import("./types.js").Limits} */
  #limits;
  /** @type {OptionField[]} */
  #fields;
  /** @type {OptionGroup[]} */
  #groups;
  /** @type {(() => void)[]} */
  #callbacks = [];
  /** @type {Map<string, string>} what the service said of a field, until its text changes */
  #answers = new Map();
  #timer = 0;

  /**
   * Take over the options of the form. The words have to be loaded before.
   * @param {HTMLFormElement} form
   * @param {PageData} data
   */
  constructor(form, data) {
    this.form = form;
    // Messages in place say more than the browser's bubbles, and those have no place in a closed panel.
    form.noValidate = true;
    this.#limits = data.limits;
    this.#targets = new Map(data.targets.map((target) => [target.name, target]));
    this.#fields = findFields(form, data);
    this.select = /** @type {HTMLSelectElement} */ (form.querySelector("#target_format"));
    this.details = /** @type {HTMLDetailsElement} */ (form.querySelector("#options"));
    this.#groups = [...this.details.querySelectorAll("details")].map((group) => new OptionGroup(group, this.#fields));
    this.summary = addSummary(this.details, "given");
    this.chosen = addSummary(this.details, "chosen");
    this.aloud = addRegion(this.details);
    this.clearing = addClearing(this.details, () => this.load(this.target, {}));
    this.presets = new PresetBar(form, data.presets, this);
    this.#listen();
    // A refused form comes back with the sentences of the service.
    this.#answers = new Map(this.#fields.filter((field) => field.isTold).map((field) => [field.name, field.told]));
    this.#update(true);
    form.dataset.options = "ready";
  }

  /** The name of the chosen target. */
  get target() {
    return this.select.value;
  }

  /** The options that are given and that the target takes, as the form sends them. */
  get fields() {
    return this.fieldsFor(this.target);
  }

  /** All that is given, also what the chosen target does not take: it is kept, and not sent. */
  get given() {
    return Object.fromEntries(this.#fields.filter((field) => field.text !== "").map((field) => [field.name, field.text]));
  }

  /** Whether the service will take all of them, as far as the page can know. */
  get isValid() {
    return this.#findComplaints().size === 0 && !this.#taken.some((field) => this.#answers.has(field.name));
  }

  /**
   * Return the given options that a target takes. For a file with another target than the form's, without those that
   * could do nothing there: nobody gave them for it, and the service would refuse the file.
   * @param {string} name
   * @returns {Fields}
   */
  fieldsFor(name) {
    const target = this.#targets.get(name);
    if (!target) return {};
    const given = this.#fields.filter((field) => target.options.includes(field.name) && field.text !== "");
    const values = new Map(given.map((field) => [field.name, field.text]));
    if (name !== this.target) for (const idle of checkTogether(target, values).keys()) values.delete(idle);
    return Object.fromEntries(values);
  }

  /**
   * Call back after every change of the target or of an option.
   * @param {() => void} callback
   */
  onChange(callback) {
    this.#callbacks.push(callback);
  }

  /**
   * Choose a target and its options. All others are cleared.
   * @param {string} target
   * @param {Fields} fields
   */
  load(target, fields) {
    if (this.#targets.has(target)) this.select.value = target;
    for (const field of this.#fields) field.text = fields[field.name] ?? "";
    this.#answers.clear();
    this.#update(true);
  }

  /**
   * Show what the service said of options, beside them, until they change. Returns what belongs to none of them.
   * @param {{field: string, detail: string}[]} errors
   * @returns {string[]}
   */
  showErrors(errors) {
    const known = new Set(this.#taken.map((field) => field.name));
    this.#answers = new Map(errors.filter(({ field }) => known.has(field)).map(({ field, detail }) => [field, detail]));
    this.#update(true);
    return errors.filter(({ field }) => !known.has(field)).map(({ detail }) => detail);
  }

  /** Open the panel at the first option that is wrong. Does nothing when none is. */
  showProblem() {
    this.#update(true);
    const first = this.#taken.find((field) => field.isTold);
    if (!first) return;
    for (const group of [this.details, first.control.closest("details")]) group?.setAttribute("open", "");
    first.control.focus();
  }

  /** The fields that the chosen target takes. */
  get #taken() {
    return this.#fields.filter((field) => field.isTaken);
  }

  #listen() {
    this.select.addEventListener("change", () => this.#follow(true));
    for (const field of this.#fields) {
      field.control.addEventListener("input", () => this.#follow(false));
      field.control.addEventListener("change", () => this.#follow(true));
    }
  }

  /** @param {boolean} isDone */
  #follow(isDone) {
    // What the service said was about the options as they were.
    this.#answers.clear();
    this.#update(isDone);
    clearTimeout(this.#timer);
    if (!isDone) this.#timer = setTimeout(() => this.#tell(true), PAUSE);
  }

  /** @param {boolean} isDone whether a new message may come; who is still typing is not interrupted */
  #update(isDone) {
    const target = this.#targets.get(this.target);
    if (!target) return;
    for (const field of this.#fields) field.showFor(target);
    this.#tell(isDone);
    this.clearing.hidden = Object.keys(this.fields).length === 0;
    this.presets.show();
    for (const callback of this.#callbacks) callback();
  }

  /** @param {boolean} isDone */
  #tell(isDone) {
    const complaints = this.#findComplaints();
    const values = new Map(Object.entries(this.fields));
    const notes = noteTogether(values);
    const target = this.#targets.get(this.target);
    const effort = target && noteEffort(target, values, this.#limits);
    if (effort) notes.set("effort", effort);
    for (const field of this.#fields) {
      const complaint = complaints.get(field.name);
      const sentence = complaint ? say(complaint.key, complaint.values) : (this.#answers.get(field.name) ?? "");
      if ((isDone || field.isTold) && field.tell(sentence)) this.#sayAloud(field, sentence);
      field.remark(complaint ? undefined : notes.get(field.name));
    }
    this.#summarize();
  }

  /**
   * Tell who listens instead of looking. Messages come where the focus is not.
   * @param {OptionField} field
   * @param {string} sentence
   */
  #sayAloud(field, sentence) {
    this.aloud.textContent = sentence && field.isTaken ? `${field.label}: ${sentence}` : "";
  }

  /** Say in the head of the panel what is in it, for it may be closed. */
  #summarize() {
    for (const group of this.#groups) group.show();
    this.chosen.textContent = listGiven(this.#taken);
    const wrong = this.#taken.filter((field) => field.isTold).length;
    const given = Object.keys(this.fields).length;
    const sentence = wrong ? say("panel.wrong", { count: wrong }) : given ? say("panel.given", { count: given }) : "";
    if (this.summary.textContent !== sentence) this.summary.textContent = sentence;
    this.summary.classList.toggle("wrong", wrong > 0);
  }

  /**
   * Return what is wrong, by the option's name. As in the service, rules count when each is right by itself.
   * @returns {Map<string, Complaint>}
   */
  #findComplaints() {
    const target = this.#targets.get(this.target);
    /** @type {Map<string, Complaint>} */
    const found = new Map();
    for (const field of this.#taken) {
      const complaint = field.complaint;
      if (complaint !== null) found.set(field.name, complaint);
    }
    return found.size || !target ? found : checkTogether(target, new Map(Object.entries(this.fields)));
  }
}

/**
 * Return the options in the order in which they stand in the form: the first that is wrong is the topmost.
 * @param {HTMLFormElement} form
 * @param {PageData} data
 * @returns {OptionField[]}
 */
function findFields(form, data) {
  const controls = [...form.elements];
  const fields = Object.entries(data.options).flatMap(([name, facts]) => {
    const control = form.elements.namedItem(name);
    const isControl = control instanceof HTMLInputElement || control instanceof HTMLSelectElement;
    return isControl ? [new OptionField(name, facts, control, data.language)] : [];
  });
  // Companions were added by the fields themselves, so places are told by what stood there before.
  return fields.sort((one, other) => controls.indexOf(one.control) - controls.indexOf(other.control));
}

/**
 * @param {HTMLDetailsElement} details
 * @param {string} className
 * @returns {HTMLElement}
 */
function addSummary(details, className) {
  const summary = document.createElement("span");
  summary.className = className;
  details.querySelector("summary")?.append(" ", summary);
  return summary;
}

/**
 * Add a place whose text is read out when it changes. It stands outside of the panel, which may be closed.
 * @param {HTMLDetailsElement} details
 * @returns {HTMLElement}
 */
function addRegion(details) {
  const region = document.createElement("p");
  region.className = "unseen";
  region.setAttribute("role", "status");
  details.after(region);
  return region;
}

/**
 * @param {HTMLDetailsElement} details
 * @param {() => void} clear
 * @returns {HTMLElement}
 */
function addClearing(details, clear) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet clear";
  button.textContent = say("panel.clear");
  button.addEventListener("click", () => {
    clear();
    details.querySelector("summary")?.focus();
  });
  details.append(button);
  return button;
}
