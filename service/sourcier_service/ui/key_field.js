/** The access key: a field behind a button, the key itself kept by the API client. */

import { accessKey, setAccessKey } from './api.js'
import { find } from './elements.js'
import { t } from './strings.js'

export class KeyField {
  #button = find('#key-button')
  #panel = /** @type {HTMLFormElement} */ (find('#key-panel'))
  #input = /** @type {HTMLInputElement} */ (find('#key'))
  #forget = find('#key-forget')
  #changed

  /** @param {() => void} changed  Other documents may be readable now. */
  constructor(changed) {
    this.#changed = changed
    this.#button.addEventListener('click', () => this.#toggle(this.#panel.hidden === true))
    this.#panel.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#use(this.#input.value.trim())
    })
    this.#forget.addEventListener('click', () => this.#use(''))
    this.#panel.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return
      event.stopPropagation() // Escape closes what is nearest: the page pane has to wait its turn
      this.#toggle(false)
    })
  }

  /** Say so in the header when a key is in use. */
  relabel() {
    find('#key-state').textContent = t(accessKey() ? 'keyInUse' : 'key')
    this.#forget.hidden = !accessKey()
  }

  /** Ask for a key, because the service refused the one there is. */
  open() {
    this.#toggle(true)
  }

  /** @param {boolean} opens */
  #toggle(opens) {
    this.#panel.hidden = !opens
    this.#button.setAttribute('aria-expanded', String(opens))
    if (opens) this.#input.focus()
    else this.#button.focus()
  }

  /** @param {string} key */
  #use(key) {
    setAccessKey(key)
    this.#input.value = ''
    this.relabel()
    this.#toggle(false)
    this.#changed()
  }
}
