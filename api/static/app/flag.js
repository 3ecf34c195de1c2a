/** Whether this browser keeps a list: asked before anything is loaded that only a list needs. */

/**
 * @param {string} root
 * @returns {string}
 */
function nameOf(root) {
  return `imagemill${root} list`;
}

/**
 * Say whether there is a list. Where nothing tells, there may be one.
 * @param {string} root
 * @returns {boolean}
 */
export function hasList(root) {
  try {
    return localStorage.getItem(nameOf(root)) !== null;
  } catch {
    return true;
  }
}

/**
 * Note whether there is a list now.
 * @param {string} root
 * @param {boolean} isThere
 * @returns {void}
 */
export function noteList(root, isThere) {
  try {
    if (isThere) localStorage.setItem(nameOf(root), "1");
    else localStorage.removeItem(nameOf(root));
  } catch {
    // Then every visit looks for itself.
  }
}

/**
 * Call back when another tab begins a list.
 * @param {string} root
 * @param {() => void} tell
 * @returns {void}
 */
export function listenForList(root, tell) {
  window.addEventListener("storage", (event) => {
    if (event.key === nameOf(root) && event.newValue !== null) tell();
  });
}
