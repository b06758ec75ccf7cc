/** An answer -> numbered sentences, their sources, and every passage that was read. */

import { sameTarget, targetOf, writeAddress } from './address.js'
import { find, isPlainClick, make } from './elements.js'
import { hasText, language, t } from './strings.js'

/** @typedef {import('./types.js').Address} Address */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').Citation} Citation */
/** @typedef {import('./types.js').Passage} Passage */
/** @typedef {import('./types.js').Place} Place */
/** @typedef {import('./types.js').Sentence} Sentence */
/** @typedef {import('./types.js').Target} Target */

const NEAREST = 5 // passages offered where there is no answer; the rest stay in the list of all that was read
const LONGEST_TAIL = 18 // letters of a last word that may be held together with its marks on a 320 px screen

export class AnswerView {
  #answer = find('#answer')
  #sources = find('#sources')
  #passages = /** @type {HTMLDetailsElement} */ (find('#passages'))
  #open
  #ask

  /**
   * @param {Object} does
   * @param {(target: Target) => void} does.open  A page was asked for.
   * @param {(question: string) => void} does.ask  A suggested question was chosen.
   */
  constructor({ open, ask }) {
    this.#open = open
    this.#ask = ask
  }

  /** Show that an answer is on its way. */
  wait() {
    this.#clear()
    this.#answer.hidden = false
    this.#answer.setAttribute('aria-busy', 'true')
    const lines = make('div', { class: 'lines', 'aria-hidden': 'true' }, make('i'), make('i'), make('i'))
    this.#answer.append(make('p', { class: 'status waiting' }, t('waiting')), lines)
  }

  /** Show nothing. */
  hide() {
    this.#clear()
    this.#answer.hidden = true
    this.#answer.setAttribute('aria-busy', 'false')
  }

  /**
   * @param {Answer} answer
   * @param {Address} address  Of the question, so that each link can be opened in another tab.
   * @param {string} searched  Where was searched, in words; '' when not known.
   */
  show(answer, address, searched) {
    this.#clear()
    this.#answer.hidden = false
    if (answer.status === 'no_answer') this.#showNoAnswer(answer, address, searched)
    else this.#showSentences(answer, address)
    this.#showFollowUps(answer)
    this.#showPassages(answer, address)
    // live regions that are busy wait: the whole answer is then read out at once
    this.#answer.setAttribute('aria-busy', 'false')
  }

  /** Mark the citation whose page stands open beside the answer. @param {Target|null} target */
  markOpen(target) {
    const href = target && writeAddress({ question: '', collections: [], target })
    for (const link of document.querySelectorAll('a[data-target]')) {
      const isOpen = /** @type {HTMLElement} */ (link).dataset.target === href
      if (isOpen) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
      link.closest('li')?.classList.toggle('open', isOpen)
    }
    for (const sentence of this.#answer.querySelectorAll('.sentence')) {
      sentence.classList.toggle('open', sentence.querySelector('[aria-current]') !== null)
    }
  }

  /** The link that leads to a page, for focus to come back to. @param {Target} target @returns {HTMLElement|null} */
  linkTo(target) {
    const href = writeAddress({ question: '', collections: [], target })
    return document.querySelector(`main a[data-target="${CSS.escape(href)}"]`)
  }

  #clear() {
    this.#answer.replaceChildren()
    this.#sources.replaceChildren()
    this.#sources.hidden = true
    this.#passages.replaceChildren()
    this.#passages.hidden = true
    this.#passages.open = false
  }

  /** @param {Answer} answer @param {Address} address */
  #showSentences(answer, address) {
    this.#answer.append(make('h2', { class: 'status' }, t(answer.status)))
    if (answer.status === 'partial') this.#answer.append(make('p', { class: 'note' }, t('partialNote')))
    const citations = new Map(answer.citations.map((citation) => [citation.n, citation]))
    const prose = make('div', { class: 'prose' })
    let before = null
    let context = ''
    const groups = linesOf(answer)
    for (const lines of groups) {
      const citation = citations.get(lines[0].citations[0])
      const page = pageOf(citation)
      // words from another page are another voice: they begin a paragraph
      if (prose.lastElementChild === null || page !== before) prose.append(make('p'))
      else prose.lastElementChild.append(' ')
      // a quote keeps its document's language, whatever that of the question
      const lang = (answer.mode === 'extractive' ? citation?.document.language : answer.language) ?? ''
      const opening = oneLine(citation?.context?.text ?? '')
      const needed = page === before && opening === context ? '' : opening
      if (needed) prose.lastElementChild?.append(make('span', { class: 'context', lang: lang || null }, needed))
      const element = this.#sentence(lines, citations, address)
      if (lang) element.lang = lang
      prose.lastElementChild?.append(element)
      before = page
      context = opening
    }
    this.#answer.append(prose)
    const promise = promiseOf(answer)
    if (promise) this.#answer.append(make('p', { class: 'mode' }, t(promise)))
    const list = make('ol', { class: 'places' })
    const said = new Set(groups.map((lines) => oneLine(lines.map(({ text }) => text).join(' '))))
    for (const citation of answer.citations) {
      // an answer made of quotes has just said this one: the source then names its place only
      const quote = said.has(oneLine(citation.quote)) ? null : t('quoted', oneLine(citation.quote))
      const item = this.#place(citation, address, quote, String(citation.n))
      for (const code of citation.warnings) {
        const doubt = `doubt_${code}`
        if (hasText(doubt)) item.lastElementChild?.append(make('p', { class: 'doubt', 'data-warning': code }, t(doubt)))
      }
      if (!citation.verified) item.lastElementChild?.append(make('p', { class: 'doubt' }, t('unverified')))
      if (citation.superseded) item.lastElementChild?.append(make('p', { class: 'doubt' }, t('superseded', citation.effective_to)))
      list.append(item)
    }
    this.#sources.append(make('h2', { class: 'label' }, t('sources')), list)
    this.#sources.hidden = answer.citations.length === 0
  }

  /** @param {Sentence[]} lines  One, or a list's. @param {Map<number, Citation>} citations @param {Address} address */
  #sentence(lines, citations, address) {
    const sentence = lines[lines.length - 1]
    const text = sentence.text.trim()
    /** @type {HTMLElement[]} */
    const marks = sentence.citations.flatMap((n) => {
      const citation = citations.get(n)
      return citation ? [this.#mark(citation, address)] : []
    })
    if (marks.length === 0) marks.push(make('span', { class: 'unsupported' }, t('unsupported')))
    const cut = text.lastIndexOf(' ') + 1
    const last = make('span', { class: 'said' }, text.slice(cut))
    // held together: a mark alone at the start of a line would seem to belong to what follows
    const tail = make('span', { class: text.length - cut > LONGEST_TAIL ? null : 'tail' }, last, ...marks)
    const end = [make('span', { class: 'said' }, text.slice(0, cut)), tail]
    if (lines.length === 1) return make('span', { class: 'sentence' }, ...end)
    const items = lines.slice(0, -1).map((line) => make('span', { class: 'item' }, make('span', { class: 'said' }, line.text)))
    return make('span', { class: 'sentence list' }, ...items, make('span', { class: 'item' }, ...end))
  }

  /** @param {Citation} citation @param {Address} address */
  #mark(citation, address) {
    const where = `${citation.document.title}, ${placeOf(citation)}`
    return this.#link(citation, address, { class: 'mark', 'aria-label': t('source', citation.n, where) }, `[${citation.n}]`)
  }

  /** @param {Answer} answer @param {Address} address @param {string} searched */
  #showNoAnswer(answer, address, searched) {
    const reason = answer.reason ?? 'low_support'
    const read = searched && answer.searched.pages > 0 ? ` ${t('searched', searched, answer.searched.pages)}` : ''
    this.#answer.append(
      make('h2', { class: 'verdict' }, t(`verdict_${reason}`)),
      make('p', { class: 'why' }, t(reason), read),
    )
    const list = make('ol', { class: 'places' })
    for (const passage of answer.passages.slice(0, NEAREST)) {
      list.append(this.#place(passage, address, oneLine(passage.text)))
    }
    this.#sources.append(make('h2', { class: 'label' }, t('nearest')), list)
    this.#sources.hidden = answer.passages.length === 0
  }

  /** @param {Answer} answer */
  #showFollowUps(answer) {
    if (answer.follow_ups.length === 0) return
    const list = make('ul', { class: 'follow-ups' })
    for (const question of answer.follow_ups) {
      const button = make('button', { type: 'button', class: 'plain' }, question)
      button.addEventListener('click', () => this.#ask(question))
      list.append(make('li', {}, button))
    }
    this.#answer.append(make('h3', { class: 'label' }, t('followUps')), list)
  }

  /** @param {Answer} answer @param {Address} address */
  #showPassages(answer, address) {
    const number = new Intl.NumberFormat(language(), { maximumFractionDigits: 2 })
    const list = make('ol', { class: 'places' })
    for (const passage of answer.passages) {
      const item = this.#place(passage, address, oneLine(passage.text))
      item.lastElementChild?.append(make('p', { class: 'score' }, t('score', number.format(passage.score))))
      list.append(item)
    }
    this.#passages.append(make('summary', {}, t('passages', answer.passages.length)), list)
    this.#passages.hidden = answer.passages.length === 0
  }

  /** @param {Place} place @param {Address} address @param {string|null} words @param {string} [number] */
  #place(place, address, words, number) {
    const title = this.#link(place, address, { class: 'title' }, place.document.title)
    const body = make('div', {}, title)
    if (place.section.length) body.append(make('p', { class: 'trail' }, place.section.join(' › ')))
    if (words !== null) body.append(make('blockquote', { lang: place.document.language }, words))
    // inside the link's name too: ten links that all say the handbook's title tell nothing
    title.append(make('span', { class: 'page' }, placeOf(place)))
    const item = make('li', {}, ...(number ? [make('span', { class: 'number', 'aria-hidden': 'true' }, number)] : []), body)
    item.addEventListener('click', (event) => {
      const isReading = getSelection()?.isCollapsed === false // selecting words to copy is no wish to leave them
      const isOnLink = event.target instanceof Element && event.target.closest('a') !== null
      if (!isReading && !isOnLink && isPlainClick(event)) this.#open(targetOf(place))
    })
    return item
  }

  /**
   * A real link, so that it can be opened in another tab, copied and bookmarked.
   *
   * @param {Place} place
   * @param {Address} address
   * @param {Record<string, string>} attributes
   * @param {string} text
   */
  #link(place, address, attributes, text) {
    const target = targetOf(place)
    const href = writeAddress({ ...address, target })
    const key = writeAddress({ question: '', collections: [], target })
    const link = make('a', { ...attributes, href, 'data-target': key }, text)
    link.addEventListener('click', (event) => {
      if (!isPlainClick(event)) return
      event.preventDefault()
      this.#open(target)
    })
    return link
  }
}

/** The citation or passage that a target came from. @param {Answer|null} answer @param {Target} target @returns {Place|null} */
export function placeIn(answer, target) {
  const places = [...(answer?.citations ?? []), ...(answer?.passages ?? [])]
  return places.find((place) => sameTarget(targetOf(place), target)) ?? null
}

/** Both page numbers: the one printed and the one a viewer counts. @param {Place} place */
function placeOf(place) {
  return place.page === null ? t('placeInText') : t('place', place.page, place.page_label)
}

/**
 * The sentences, those of one quoted list together: they rest on the same citation.
 *
 * @param {Answer} answer
 * @returns {Sentence[][]}
 */
function linesOf(answer) {
  /** @type {Sentence[][]} */
  const groups = []
  for (const sentence of answer.sentences) {
    const last = groups[groups.length - 1]
    const isQuote = answer.mode === 'extractive' && sentence.citations.length === 1
    if (isQuote && last?.[0].citations.join() === sentence.citations.join()) last.push(sentence)
    else groups.push([sentence])
  }
  return groups
}

/** @param {Citation|undefined} citation */
function pageOf(citation) {
  return citation ? `${citation.document.id} ${citation.page}` : null
}

/** What may be said of the answer as a whole: nothing, once one sentence lacks its proof. @param {Answer} answer */
function promiseOf(answer) {
  const isProved =
    answer.citations.every(({ verified }) => verified) && answer.sentences.every(({ citations }) => citations.length)
  if (!isProved) return null
  return answer.mode === 'extractive' ? 'verbatim' : answer.mode
}

/** Lines of a PDF break where the paper ended: on a screen they flow. @param {string} text */
export function oneLine(text) {
  return text.replace(/\s+/g, ' ').trim()
}
