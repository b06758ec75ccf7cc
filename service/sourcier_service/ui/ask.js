/** The Ask page: what the address bar says -> what the screen shows. Everything else is called from here. */

import { readAddress, sameQuestion, sameTarget, targetOf, writeAddress } from './address.js'
import { AnswerView, placeIn } from './answer_view.js'
import { ApiFailure, fetchAnswer, fetchCollections } from './api.js'
import { find, isPlainClick } from './elements.js'
import { isAborted, showFailure } from './failures.js'
import { KeyField } from './key_field.js'
import { PagePane } from './page_pane.js'
import { ScopePicker } from './scope_picker.js'
import { fillStrings, language, preferredLanguage, t, useLanguage } from './strings.js'

/** @typedef {import('./types.js').Address} Address */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').Target} Target */

const KEPT_ANSWERS = 30 // Back and Forward then show the very answer that was left
const beside = matchMedia('(min-width: 60rem)') // the pane stands beside the answer: as in style.css

const form = /** @type {HTMLFormElement} */ (find('#ask'))
const question = /** @type {HTMLTextAreaElement} */ (find('#question'))
const alert = find('#failure')
const hint = find('#hint')

/** @type {Address} */
let current = { question: '', collections: [], target: null }
/** @type {Answer|null} */
let answer = null
/** @type {unknown} */
let failure = null
/** @type {Map<string, Answer>} */
const answers = new Map()
let request = new AbortController()
let hasDocuments = true

const view = new AnswerView({ open: openTarget, ask: (text) => ask(text) })
const pane = new PagePane({ move: (target) => go({ ...current, target }, 'replace'), close: closePane })
const scope = new ScopePicker()
const key = new KeyField(onKeyChange)

/**
 * Go to an address, as a link would.
 *
 * @param {Address} address
 * @param {'push'|'replace'} how
 * @param {{focus?: boolean, scrolls?: boolean}} [options]
 */
function go(address, how, { focus = false, scrolls = false } = {}) {
  const url = writeAddress(address) || location.pathname
  // only a step that opened the pane is taken back by closing it
  if (how === 'push') history.pushState({ opened: address.target !== null }, '', url)
  else history.replaceState(history.state, '', url)
  follow(address, { focus, scrolls })
}

/**
 * Show what an address stands for: the one way to change the screen, so that Back, reload and links agree.
 *
 * @param {Address} address
 * @param {{focus?: boolean, scrolls?: boolean}} [options]
 */
async function follow(address, { focus = false, scrolls = false } = {}) {
  const before = current
  current = address
  if (!sameQuestion(before, address)) {
    question.value = address.question
    scope.choose(address.collections)
    const isAnswered = reply()
    // below the answer the page would be pushed away by it: there, wait
    if (!beside.matches) await isAnswered
    if (current !== address) return
  }
  if (sameTarget(before.target, current.target) && pane.isOpen === (current.target !== null)) return
  showTarget({ focus, scrolls })
}

/** @param {{focus?: boolean, scrolls?: boolean}} [options] */
function showTarget({ focus = false, scrolls = false } = {}) {
  const { target } = current
  if (target === null) {
    if (!isAwaiting()) hidePane()
    return
  }
  pane.show(target, placeIn(answer, target), scrolls)
  if (focus) pane.focus()
  markOpen()
}

function hidePane() {
  const hadFocus = pane.holds(document.activeElement)
  const left = pane.quoted
  pane.hide()
  markOpen()
  if (!hadFocus) return
  // back to where the page was opened from, or to where the next question starts
  const opener = (left && view.linkTo(left)) ?? question
  opener.focus({ preventScroll: beside.matches })
}

function markOpen() {
  view.markOpen(pane.quoted)
  document.body.classList.toggle('has-pane', pane.isOpen)
}

/** An answer is on its way, and the pane is kept ready for its first citation. */
function isAwaiting() {
  return current.question !== '' && answer === null && failure === null
}

/** Ask the question of the current address and show the reply. */
async function reply() {
  request.abort()
  request = new AbortController()
  const { signal } = request
  const address = current
  answer = failure = null
  showFailure(alert, null)
  document.body.classList.toggle('asked', address.question !== '')
  document.title = address.question ? `${address.question} – Sourcier` : 'Sourcier'
  if (!address.question) return view.hide()
  view.wait()
  if (beside.matches) {
    pane.wait()
    document.body.classList.add('has-pane')
  }
  try {
    const asked = writeAddress({ ...address, target: null })
    const found = answers.get(asked) ?? (await fetchAnswer(address.question, address.collections, signal))
    if (signal.aborted) return
    keep(asked, found)
    answer = found
    showAnswer()
  } catch (error) {
    if (isAborted(error) || signal.aborted) return
    failure = error
    view.hide()
    showFailure(alert, error, reply)
    if (error instanceof ApiFailure && error.status === 401) key.open()
    if (current.target === null) hidePane()
  }
}

/** @param {string} asked @param {Answer} found */
function keep(asked, found) {
  answers.delete(asked)
  answers.set(asked, found)
  if (answers.size > KEPT_ANSWERS) answers.delete(/** @type {string} */ (answers.keys().next().value))
}

function showAnswer() {
  if (answer === null) return
  view.show(answer, { ...current, target: null }, scope.describe(current.collections))
  const first = answer.status === 'no_answer' ? undefined : answer.citations[0]
  if (current.target) pane.describe(placeIn(answer, current.target))
  // beside the answer there is room to show the proof before it is asked for
  else if (first && beside.matches) go({ ...current, target: targetOf(first) }, 'replace')
  else hidePane()
  markOpen()
}

/** @param {string} text */
function ask(text) {
  const asked = text.trim()
  if (!asked) return question.focus()
  const address = { question: asked, collections: scope.chosen, target: null }
  if (!sameQuestion(address, current)) return go(address, 'push')
  answers.delete(writeAddress(address)) // asking the same once more means: look again
  reply()
}

/** @param {Target} target */
function openTarget(target) {
  const options = { focus: true, scrolls: true }
  if (sameTarget(target, current.target) && pane.isOpen) return showTarget(options)
  // one step back closes the pane, however many pages were looked at meanwhile
  go({ ...current, target }, current.target === null ? 'push' : 'replace', options)
}

function closePane() {
  if (!pane.isOpen) return
  if (current.target !== null && history.state?.opened) history.back()
  else go({ ...current, target: null }, 'replace')
}

function onKeyChange() {
  answers.clear()
  loadCollections()
  if (current.question) reply()
  if (current.target) showTarget()
}

async function loadCollections() {
  try {
    const collections = await fetchCollections()
    hasDocuments = collections.some(({ documents }) => documents > 0)
    scope.offer(collections)
    // an answer that came first could not yet say where it had searched
    if (answer?.status === 'no_answer') showAnswer()
  } catch (error) {
    // asking works without the list; a refused key is worth saying before a question is typed
    if (error instanceof ApiFailure && error.status === 401) showFailure(alert, error)
  }
  relabelHint()
}

function relabelHint() {
  hint.textContent = t(hasDocuments ? 'promise' : 'nothingPublic')
}

/** Say everything in the language in use. */
function relabel() {
  fillStrings(document)
  relabelHint()
  key.relabel()
  scope.relabel()
  pane.relabel()
  const other = find('#language')
  other.textContent = t('otherLanguage')
  other.lang = language() === 'fr' ? 'en' : 'fr'
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  ask(question.value)
})

question.addEventListener('keydown', (event) => {
  // Enter also ends a word being composed, in input methods: that is not a question yet
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  ask(question.value)
})

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.isComposing || event.target === question) return
  closePane()
})

find('#home').addEventListener('click', (event) => {
  if (!isPlainClick(event)) return
  event.preventDefault()
  go({ question: '', collections: scope.chosen, target: null }, 'push')
  question.focus()
})

find('#language').addEventListener('click', () => {
  useLanguage(language() === 'fr' ? 'en' : 'fr', { remember: true })
  relabel()
  if (failure !== null) showFailure(alert, failure, reply)
  else if (isAwaiting()) view.wait()
  else showAnswer()
})

addEventListener('popstate', () => follow(readAddress(location.hash), { scrolls: true }))

useLanguage(preferredLanguage())
relabel()
loadCollections()
follow(readAddress(location.hash), { scrolls: true })
// on a phone this would bring up the keyboard over the page
if (beside.matches && !location.hash) question.focus()
