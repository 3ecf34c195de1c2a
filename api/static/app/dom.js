/** Making elements. Text always goes in as text. */

/**
 * Make an element with a class and a text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/**
 * Make a button that submits nothing.
 * @param {string} className
 * @param {() => void} act
 * @returns {HTMLButtonElement}
 */
export function makeButton(className, act) {
  const button = make("button", className);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

/**
 * Set a text only where it is another: a screen reader may read what is set again.
 * @param {Element} element
 * @param {string} text
 * @returns {void}
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Return the page's element with an id, or add one.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} id
 * @param {ParentNode & Node} parent where it is added
 * @returns {HTMLElementTagNameMap[K]}
 */
export function findOrMake(tag, id, parent) {
  const found = document.getElementById(id);
  if (found) return /** @type {HTMLElementTagNameMap[K]} */ (found);
  const element = make(tag);
  element.id = id;
  parent.appendChild(element);
  return element;
}
