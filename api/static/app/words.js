/** The words of the page in the person's language. */

/** @typedef {string | {[category: string]: string}} Entry */

/** @type {{[key: string]: Entry}} */
let entries = {};
let plurals = new Intl.PluralRules("en");
let numbers = new Intl.NumberFormat("en");

/**
 * Load the words of a language. Until then, `say` gives back keys.
 * @param {string} root what paths begin with
 * @param {string} language
 * @param {string} [version] of the page, whose words a browser may have kept
 * @returns {Promise<void>}
 */
export async function loadWords(root, language, version = "") {
  const answer = await fetch(`${root}/words/${language}.json?v=${version}`);
  if (!answer.ok) throw new Error(`The words of ${language} answer ${answer.status}.`);
  entries = await answer.json();
  plurals = new Intl.PluralRules(language);
  numbers = new Intl.NumberFormat(language);
}

/**
 * Return the sentence of a key. Plural forms are chosen by the value `count`; numbers are written as the language does.
 * @param {string} key
 * @param {{[name: string]: string | number}} [values]
 * @returns {string}
 */
export function say(key, values = {}) {
  const entry = entries[key] ?? key;
  return chooseForm(entry, values).replace(/\{(\w+)\}/g, (whole, name) => show(values[name] ?? whole));
}

/**
 * Say whether a key has words, for codes of a newer service.
 * @param {string} key
 * @returns {boolean}
 */
export function hasWords(key) {
  return Object.hasOwn(entries, key);
}

/**
 * Return what stands in the places of a key's sentence; null where the text is another sentence.
 * @param {string} key
 * @param {string} text
 * @returns {{[name: string]: string | number} | null}
 */
export function readFacts(key, text) {
  const escaped = chooseForm(entries[key] ?? "", {}).replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  const found = new RegExp(`^${escaped.replace(/\{(\w+)\}/g, "(?<$1>.*?)")}$`).exec(text);
  if (!found) return null;
  const facts = Object.entries(found.groups ?? {});
  return Object.fromEntries(facts.map(([name, fact]) => [name, /^\d[\d,]*$/.test(fact) ? Number(fact.replaceAll(",", "")) : fact]));
}

/**
 * @param {Entry} entry
 * @param {{[name: string]: string | number}} values
 * @returns {string}
 */
function chooseForm(entry, values) {
  if (typeof entry === "string") return entry;
  return entry[plurals.select(Number(values.count ?? 0))] ?? entry.other ?? "";
}

/**
 * @param {string | number} value
 * @returns {string}
 */
function show(value) {
  return typeof value === "number" ? numbers.format(value) : value;
}
