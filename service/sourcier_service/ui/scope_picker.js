/** Which collections to search. Shown only where there is a choice. */

import { find, make } from './elements.js'
import { t } from './strings.js'

/** @typedef {import('./types.js').Collection} Collection */

export class ScopePicker {
  #details = /** @type {HTMLDetailsElement} */ (find('#scope'))
  #chosenText = find('#scope-chosen')
  #list = find('#scope-list')
  /** @type {Collection[]} */
  #collections = []
  /** @type {Set<string>} */
  #chosen = new Set()

  /** @param {Collection[]} collections */
  offer(collections) {
    this.#collections = collections
    this.relabel()
  }

  /** Names to ask for; empty means all. */
  get chosen() {
    const names = this.#collections.map(({ name }) => name).filter((name) => this.#chosen.has(name))
    // before the list is known, and for a name that this reader may not see, the service decides
    return this.#collections.length ? names : [...this.#chosen]
  }

  /** @param {string[]} names */
  choose(names) {
    this.#chosen = new Set(names)
    this.relabel()
  }

  /** Where a question is searched, in words; '' when not known. @param {string[]} names */
  describe(names) {
    const searched = this.#collections.filter(({ name }) => names.length === 0 || names.includes(name))
    return searched.map(({ name, documents }) => `${name} (${t('documents', documents)})`).join(', ')
  }

  relabel() {
    this.#details.hidden = this.#collections.length < 2
    this.#list.replaceChildren(...this.#collections.map((collection) => this.#option(collection)))
    this.#showChosen()
  }

  /** @param {Collection} collection */
  #option({ name, documents }) {
    const box = make('input', { type: 'checkbox' })
    box.checked = this.#chosen.has(name)
    box.addEventListener('change', () => {
      if (box.checked) this.#chosen.add(name)
      else this.#chosen.delete(name)
      this.#showChosen()
    })
    return make('label', {}, box, make('span', {}, name), make('small', {}, t('documents', documents)))
  }

  #showChosen() {
    const names = this.chosen
    this.#chosenText.textContent = names.length ? names.join(', ') : t('scopeAll')
  }
}
