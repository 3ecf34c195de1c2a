/** Presets: what people mostly want, as buttons that choose a target and fill in options. */

/** @typedef {import("./types.js").Fields} Fields */
/** @typedef {import("./types.js").Preset} Preset */

/**
 * What a preset needs of the panel.
 * @typedef {object} Loadable
 * @property {string} target
 * @property {Fields} fields
 * @property {(target: string, fields: Fields) => void} load
 */

export class PresetBar {
  /** @type {[Preset, HTMLButtonElement][]} */
  #buttons;

  /**
   * Make buttons of the links that choose presets without scripts.
   * @param {HTMLFormElement} form
   * @param {Preset[]} presets
   * @param {Loadable} panel
   */
  constructor(form, presets, panel) {
    this.panel = panel;
    this.#buttons = presets.flatMap((preset) => {
      const link = form.querySelector(`a[data-preset="${preset.name}"]`);
      return link ? [/** @type {[Preset, HTMLButtonElement]} */ ([preset, this.#replace(link, preset)])] : [];
    });
  }

  /** Mark the preset whose target and options stand in the form, and no other. */
  show() {
    for (const [preset, button] of this.#buttons) button.setAttribute("aria-pressed", String(this.#isChosen(preset)));
  }

  /**
   * @param {Element} link
   * @param {Preset} preset
   * @returns {HTMLButtonElement}
   */
  #replace(link, preset) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = link.className;
    button.dataset.preset = preset.name;
    button.append(...link.childNodes);
    // Pressed once more, it is taken back. The target stays: there always is one.
    button.addEventListener("click", () => this.panel.load(preset.target, this.#isChosen(preset) ? {} : preset.fields));
    link.replaceWith(button);
    return button;
  }

  /**
   * @param {Preset} preset
   * @returns {boolean}
   */
  #isChosen(preset) {
    const { target, fields } = this.panel;
    const names = Object.keys(preset.fields);
    const isSame = names.length === Object.keys(fields).length && names.every((name) => fields[name] === preset.fields[name]);
    return target === preset.target && isSame;
  }
}
