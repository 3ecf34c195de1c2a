/** The ways in: dropped anywhere, pasted, or chosen. */

/** @typedef {{file: File, from: "hand" | "clipboard" | "folder", folder?: string}} Taken `folder` ends with a slash */

const WRITTEN_IN = new Set(["text", "number", "search", "url", "email", "tel", "password"]);

/**
 * Listen to all of them.
 * @param {HTMLInputElement} input the form's own field
 * @param {(taken: Taken[]) => void} take
 * @returns {void}
 */
export function listenForFiles(input, take) {
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    // The same file may be chosen again.
    input.value = "";
    take(files.map((file) => ({ file, from: "hand" })));
  });
  // What was chosen before the scripts were there.
  if (input.files?.length) input.dispatchEvent(new Event("change"));
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0 || isForText(event.target)) return;
    event.preventDefault();
    take(files.map((file) => ({ file, from: "clipboard" })));
  });
  listenForDrops(take);
}

/**
 * Say whether something is written in, where a paste is the field's own affair.
 * @param {EventTarget | null} target
 * @returns {boolean}
 */
function isForText(target) {
  if (target instanceof HTMLInputElement) return WRITTEN_IN.has(target.type);
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}

/** @param {(taken: Taken[]) => void} take */
function listenForDrops(take) {
  const page = document.documentElement;
  /** @type {[string, (event: DragEvent) => void][]} */
  const listeners = [
    ["dragenter", () => page.classList.add("dropping")],
    // From one element of the page to the next is no leaving.
    ["dragleave", (event) => event.relatedTarget || page.classList.remove("dropping")],
    ["dragover", (event) => event.preventDefault()],
    ["drop", async (event) => {
      event.preventDefault();
      page.classList.remove("dropping");
      if (event.dataTransfer) take(await readDrop(event.dataTransfer));
    }],
  ]; // prettier-ignore
  for (const [name, listener] of listeners) {
    document.addEventListener(name, (event) => {
      if (event instanceof DragEvent && event.dataTransfer?.types.includes("Files")) listener(event);
    });
  }
}

/**
 * Return the files of a drop, and those in its folders.
 * @param {DataTransfer} transfer is empty after the event, so it is read at once
 * @returns {Promise<Taken[]>}
 */
async function readDrop(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  const found = await Promise.all(entries.map(({ entry, file }) => readItem(entry, file)));
  return found.flat();
}

/**
 * @param {FileSystemEntry | null} entry
 * @param {File | null} file
 * @returns {Promise<Taken[]>}
 */
async function readItem(entry, file) {
  if (entry?.isDirectory) return readFolder(/** @type {FileSystemDirectoryEntry} */ (entry));
  return file ? [{ file, from: "hand" }] : [];
}

/**
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<Taken[]>}
 */
async function readFolder(folder) {
  const entries = (await readEntries(folder)).sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const found = [];
  for (const entry of entries) {
    if (entry.isDirectory) found.push(...(await readFolder(/** @type {FileSystemDirectoryEntry} */ (entry))));
    else found.push(...(await readEntry(/** @type {FileSystemFileEntry} */ (entry))));
  }
  return found;
}

/**
 * A reader gives some entries at a time, and none at the end.
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<FileSystemEntry[]>}
 */
async function readEntries(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<Taken[]>}
 */
async function readEntry(entry) {
  if (entry.name.startsWith(".")) return [];
  /** @type {File | null} */
  const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
  return file ? [{ file, from: "folder", folder: entry.fullPath.slice(1, -entry.name.length) }] : [];
}
