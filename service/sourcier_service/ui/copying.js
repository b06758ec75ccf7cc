/** A citation -> plain text that stands on its own in a letter or a ticket, and into the clipboard. */

import { permanentLink } from './address.js'
import { make } from './elements.js'
import { t } from './strings.js'

/**
 * @param {Object} citation
 * @param {string} citation.title
 * @param {string[]} citation.section
 * @param {string} citation.where  Printed label and page, in words; '' for text.
 * @param {string} citation.context  Column heads or what opens a list; '' when the quote needs none.
 * @param {string} citation.quote  '' when a whole page is cited.
 * @param {import('./types.js').Target} citation.target
 */
export function citationText({ title, section, where, context, quote, target }) {
  const heading = [title, section.join(' › '), where].filter(Boolean).join(', ')
  const words = quote.replace(/\s+/g, ' ').trim()
  const needed = words && context.replace(/\s+/g, ' ').trim()
  return [heading, needed, words && t('quoted', words), permanentLink(target)].filter(Boolean).join('\n')
}

/** @param {string} text @returns {Promise<boolean>}  Whether the clipboard took it. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text) // over plain http, as inside many organisations, there is no clipboard object
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = document.activeElement
  const field = make('textarea', { class: 'unseen', readonly: true })
  field.value = text
  document.body.append(field)
  field.select()
  const isDone = document.execCommand('copy')
  field.remove()
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  return isDone
}
