/** An error -> a message in plain words, with the server's own beside it. */

import { ApiFailure } from './api.js'
import { make } from './elements.js'
import { t } from './strings.js'

/** Statuses with words of their own; 400 and 422 read the same to a person. @type {Record<number, string>} */
const NAMES = {
  0: 'failureNetwork',
  400: 'failure422',
  401: 'failure401',
  403: 'failure403',
  404: 'failure404',
  413: 'failure413',
  422: 'failure422',
  429: 'failure429',
  502: 'failure503',
  503: 'failure503',
  504: 'failure503',
}

/**
 * Show a failure in an element with role=alert, or clear it.
 *
 * @param {HTMLElement} alert
 * @param {unknown} failure  null clears.
 * @param {(() => void)|null} [retry]
 */
export function showFailure(alert, failure, retry = null) {
  alert.hidden = failure === null
  alert.replaceChildren()
  if (failure === null) return
  const known = failure instanceof ApiFailure ? failure : null
  if (known === null) console.error(failure) // a fault of this page: the console keeps what a reader cannot use
  alert.append(make('p', {}, t(known ? (NAMES[known.status] ?? 'failureOther') : 'failureOther')))
  if (known?.message) alert.append(make('p', { class: 'quiet' }, t('says', known.message)))
  if (!retry) return
  const button = make('button', { type: 'button', class: 'plain' }, t('retry'))
  button.addEventListener('click', retry)
  alert.append(button)
}

/** @param {unknown} error  A request given up because a newer one took its place. */
export function isAborted(error) {
  return error instanceof DOMException && error.name === 'AbortError'
}
