/** Where the service is: below which path. */

let root = "";

/**
 * Say what the paths of the service begin with.
 * @param {string} prefix
 * @returns {void}
 */
export function useRoot(prefix) {
  root = prefix;
}

/**
 * Return the address of a path of the service.
 * @param {string} path
 * @returns {string}
 */
export function addressOf(path) {
  return root + path;
}
