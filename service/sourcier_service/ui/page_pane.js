/** A target -> its page: the image with the words highlighted, or its text with the words marked. */

import { fetchPage, openable, originalPath, accessKey } from './api.js'
import { citationText, copyText } from './copying.js'
import { find, isPlainClick, make } from './elements.js'
import { isAborted, showFailure } from './failures.js'
import { PageSheet } from './page_sheet.js'
import { splitAt } from './spans.js'
import { t } from './strings.js'

/** @typedef {import('./types.js').Citation} Citation */
/** @typedef {import('./types.js').Page} Page */
/** @typedef {import('./types.js').Place} Place */
/** @typedef {import('./types.js').Target} Target */

const COPIED_FOR = 2500 // milliseconds the button says so

export class PagePane {
  #pane = find('#pane')
  #title = find('.pane-title', this.#pane)
  #section = find('.pane-section', this.#pane)
  #where = find('.pane-where', this.#pane)
  #alert = find('[role=alert]', this.#pane)
  #notice = find('.pane-notice', this.#pane)
  #stage = find('.stage', this.#pane)
  #text = find('.page-text', this.#pane)
  #original = /** @type {HTMLAnchorElement} */ (find('.original', this.#pane))
  #back = /** @type {HTMLButtonElement} */ (find('.back', this.#pane))
  #copy = /** @type {HTMLButtonElement} */ (find('.copy', this.#pane))
  #said = find('.pane-said', this.#pane)
  #textButton = find('.as-text', this.#pane)
  #turns = { previous: find('.previous', this.#pane), next: find('.next', this.#pane) }
  #zooms = { smaller: find('.smaller', this.#pane), larger: find('.larger', this.#pane) }
  #sheet = new PageSheet(this.#stage)
  #request = new AbortController()
  #move
  /** @type {Target|null} */
  #target = null
  /** @type {Target|null} The words that were opened, to come back to after turning pages. */
  #quoted = null
  /** @type {Place|null} */
  #place = null
  /** @type {Page|null} */
  #page = null
  #prefersText = false
  #lastBlob = ''

  /**
   * @param {Object} does
   * @param {(target: Target) => void} does.move  Another page was asked for.
   * @param {() => void} does.close
   */
  constructor({ move, close }) {
    this.#move = move
    this.#turns.previous.addEventListener('click', () => this.#turn(-1))
    this.#turns.next.addEventListener('click', () => this.#turn(1))
    this.#zooms.smaller.addEventListener('click', () => this.#zoom(-1))
    this.#zooms.larger.addEventListener('click', () => this.#zoom(1))
    this.#textButton.addEventListener('click', () => this.#toggleText())
    this.#back.addEventListener('click', () => this.#goBack())
    this.#copy.addEventListener('click', () => this.#copyCitation())
    this.#original.addEventListener('click', (event) => this.#openOriginal(event))
    find('.close', this.#pane).addEventListener('click', close)
    this.#pane.addEventListener('keydown', (event) => this.#onKey(event))
  }

  get isOpen() {
    return !this.#pane.hidden
  }

  /** The words that were opened, also while another page is looked at. */
  get quoted() {
    return this.isOpen ? this.#quoted : null
  }

  /** Take its place on the screen before it is known which page will be shown. */
  wait() {
    this.#pane.hidden = false
    this.#pane.setAttribute('aria-busy', 'true')
    if (this.#page) return
    this.#pane.classList.add('blank')
    this.#title.textContent = t('pane')
    this.#section.textContent = ''
    this.#sheet.element.classList.add('loading')
    this.#showKind(false)
  }

  hide() {
    this.#request.abort()
    this.#pane.hidden = true
    this.#target = this.#quoted = this.#place = this.#page = null
    this.#sheet.clear()
  }

  /** Put the keyboard in the pane, without moving the screen. */
  focus() {
    this.#pane.focus({ preventScroll: true })
  }

  /** @param {Node|null} node */
  holds(node) {
    return this.#pane.contains(node)
  }

  /**
   * Show a page.
   *
   * @param {Target} target
   * @param {Place|null} place  The citation or passage it came from, where known.
   * @param {boolean} scrolls  Whether the window too may move to it.
   */
  async show(target, place, scrolls) {
    this.#request.abort()
    this.#request = new AbortController()
    const { signal } = this.#request
    const isOtherDocument = this.#target?.document !== target.document || this.#target.version !== target.version
    if (target.start !== null) [this.#quoted, this.#place] = [target, place]
    else if (isOtherDocument) [this.#quoted, this.#place] = [null, null]
    this.#target = target
    this.wait()
    showFailure(this.#alert, null)
    if (scrolls) this.#scrollWindow(this.#pane)
    try {
      const page = await fetchPage(target, signal)
      if (signal.aborted) return
      this.#page = page
      this.#fill(page)
      await this.#showBody(page, scrolls)
    } catch (error) {
      if (isAborted(error) || signal.aborted) return
      if (this.#page?.page !== target.page || isOtherDocument) this.#blank()
      showFailure(this.#alert, error, () => this.show(target, place, false))
    } finally {
      if (!signal.aborted) this.#pane.setAttribute('aria-busy', 'false')
    }
  }

  /** Show no page rather than one that was not asked for. */
  #blank() {
    this.#page = null
    this.#title.textContent = this.#place?.document.title ?? t('pane')
    this.#section.textContent = this.#where.textContent = this.#notice.textContent = ''
    this.#notice.hidden = this.#back.hidden = true
    this.#sheet.clear()
    this.#sheet.element.hidden = this.#text.hidden = true
    this.#pane.classList.add('blank')
  }

  /** Learn where the words came from, when the answer arrives after its page. @param {Place|null} place */
  describe(place) {
    this.#place ??= place
    if (this.#page) this.#fill(this.#page)
  }

  /** Say everything again in the language in use. */
  relabel() {
    showFailure(this.#alert, null)
    if (this.#page) this.#fill(this.#page)
  }

  /** @param {Page} page */
  #fill(page) {
    const isText = page.page === null
    const isQuoted = this.#isOnQuotedPage()
    this.#pane.classList.remove('blank')
    this.#title.textContent = page.document.title
    this.#section.textContent = this.#sectionPath().join(' › ')
    this.#where.textContent = this.#whereText(page)
    setDisabled(this.#turns.previous, isText || Number(page.page) <= 1)
    setDisabled(this.#turns.next, isText || Number(page.page) >= page.page_count)
    find('.turns', this.#pane).hidden = isText
    find('.views', this.#pane).hidden = isText
    this.#back.hidden = this.#quoted === null || isQuoted
    this.#copy.textContent = t('copy')
    const target = /** @type {Target} */ (this.#target)
    this.#original.href = originalPath(target)
    this.#original.textContent = t(isText ? 'originalText' : 'original')
    this.#notice.hidden = !this.#lacksBoxes(page)
    this.#notice.textContent = this.#notice.hidden ? '' : t('notOnImage')
    this.#sheet.describe(this.#imageText(page))
  }

  /** @param {Page} page @param {boolean} scrolls */
  async #showBody(page, scrolls) {
    const target = /** @type {Target} */ (this.#target)
    const asText = page.page === null || this.#prefersText || this.#lacksBoxes(page)
    const mark = this.#fillText(page)
    this.#showKind(asText)
    const words = asText ? mark : this.#sheet.place(page)
    if (words) this.#reveal(words, scrolls)
    else this.#stage.scrollTo({ top: 0, left: 0 })
    if (!asText) await this.#sheet.load(target, page, this.#request.signal)
  }

  /** @param {boolean} asText */
  #showKind(asText) {
    this.#sheet.element.hidden = asText
    this.#text.hidden = !asText
    this.#textButton.setAttribute('aria-pressed', String(asText))
    this.#showZoom()
  }

  /** @param {Page} page @returns {HTMLElement|null}  The marked words. */
  #fillText(page) {
    const { start, end } = /** @type {Target} */ (this.#target)
    const [before, words, after] = splitAt(page.text, start, end)
    const mark = words ? make('mark', {}, words) : null
    this.#text.lang = page.document.language ?? ''
    this.#text.replaceChildren(before, ...(mark ? [mark] : []), after)
    if (page.text.trim() === '') this.#text.replaceChildren(make('p', { class: 'quiet' }, t('noText')))
    return mark
  }

  /** Bring the words to the upper third, where reading starts. @param {HTMLElement} words @param {boolean} scrolls */
  #reveal(words, scrolls) {
    const stage = this.#stage.getBoundingClientRect()
    const box = words.getBoundingClientRect()
    this.#stage.scrollTo({
      top: this.#stage.scrollTop + box.top - stage.top - stage.height * 0.3,
      left: this.#stage.scrollLeft + box.left - stage.left - 24,
    })
    if (scrolls) this.#scrollWindow(words)
  }

  /** On a narrow screen the pane stands below the answer: move to it, and on to the words where they are lower still. @param {HTMLElement} element */
  #scrollWindow(element) {
    if (getComputedStyle(this.#pane).position === 'sticky') return // it stands beside the answer
    const top = this.#pane.getBoundingClientRect().top
    const overflow = element === this.#pane ? 0 : element.getBoundingClientRect().bottom - top - innerHeight * 0.7
    scrollBy({ top: top + Math.max(0, overflow) })
  }

  /** @param {number} step */
  #turn(step) {
    const page = this.#page
    const target = this.#target
    if (!page || !target || page.page === null) return
    const number = Number(target.page) + step // of what was asked last: quick presses need not wait for images
    if (number < 1 || number > page.page_count) return
    const isQuoted = this.#quoted?.page === number
    this.#move(isQuoted && this.#quoted ? this.#quoted : { ...target, page: number, start: null, end: null })
  }

  #goBack() {
    if (!this.#quoted) return
    this.#move(this.#quoted)
    this.focus() // the button goes away, the keyboard must not
  }

  /** @param {number} step */
  #zoom(step) {
    if (!this.#page || !this.#target || this.#sheet.element.hidden) return
    const words = this.#sheet.zoom(step)
    this.#showZoom()
    if (words) this.#reveal(words, false)
    this.#loadImage()
  }

  async #loadImage() {
    if (!this.#target || !this.#page) return
    try {
      await this.#sheet.load(this.#target, this.#page, this.#request.signal)
    } catch (error) {
      if (!isAborted(error)) showFailure(this.#alert, error)
    }
  }

  #showZoom() {
    const isImage = !this.#sheet.element.hidden
    setDisabled(this.#zooms.smaller, !isImage || !this.#sheet.canZoom(-1))
    setDisabled(this.#zooms.larger, !isImage || !this.#sheet.canZoom(1))
  }

  #toggleText() {
    if (!this.#page) return
    this.#prefersText = this.#textButton.getAttribute('aria-pressed') !== 'true'
    const page = this.#page
    const mark = this.#fillText(page)
    this.#showKind(this.#prefersText)
    const words = this.#prefersText ? mark : this.#sheet.place(page)
    if (words) this.#reveal(words, false)
    if (!this.#prefersText) this.#loadImage()
  }

  async #copyCitation() {
    if (!this.#page || !this.#target) return
    const isDone = await copyText(
      citationText({
        title: this.#page.document.title,
        section: this.#sectionPath(),
        where: this.#page.page === null ? '' : this.#whereText(this.#page),
        context: this.#contextText(),
        quote: this.#quoteText(this.#page),
        target: this.#target,
      }),
    )
    this.#copy.textContent = this.#said.textContent = t(isDone ? 'copied' : 'notCopied')
    setTimeout(() => {
      this.#copy.textContent = t('copy')
      this.#said.textContent = ''
    }, COPIED_FOR)
  }

  /** With a key the file is fetched here: a tab sends no key. @param {MouseEvent} event */
  async #openOriginal(event) {
    if (!accessKey() || !this.#target || !isPlainClick(event)) return
    event.preventDefault()
    const tab = open('', '_blank') // now, while the click still allows it
    if (tab) tab.opener = null
    try {
      const address = await openable(originalPath(this.#target))
      URL.revokeObjectURL(this.#lastBlob)
      this.#lastBlob = address.split('#')[0]
      if (tab) tab.location.href = address
      else location.href = address
    } catch (error) {
      tab?.close()
      showFailure(this.#alert, error)
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    const isPanning = event.target === this.#stage && this.#stage.scrollWidth > this.#stage.clientWidth
    if (step === undefined || isPanning) return
    event.preventDefault()
    this.#turn(step)
  }

  /** @param {Page} page  Words were asked for, and no box on the image is known to hold them. */
  #lacksBoxes(page) {
    return page.page !== null && this.#target?.start !== null && !page.boxes?.length
  }

  #isOnQuotedPage() {
    return this.#quoted !== null && this.#quoted.page === this.#target?.page
  }

  /** The section of the words; of another page it is not known. @returns {string[]} */
  #sectionPath() {
    if (this.#isOnQuotedPage() && this.#place?.section.length) return this.#place.section
    return this.#page?.section ?? []
  }

  /** @param {Page} page */
  #whereText(page) {
    return page.page === null ? '' : t('where', page.page, page.page_count, page.page_label)
  }

  /** The words that the quote needs and that stand elsewhere on its page. */
  #contextText() {
    const place = /** @type {Partial<Citation>|null} */ (this.#isOnQuotedPage() ? this.#place : null)
    return place?.context?.text ?? ''
  }

  /** @param {Page} page */
  #quoteText(page) {
    return splitAt(page.text, this.#target?.start ?? null, this.#target?.end ?? null)[1]
  }

  /** @param {Page} page */
  #imageText(page) {
    const quote = this.#quoteText(page).replace(/\s+/g, ' ')
    const image = t('pageImage', this.#whereText(page), page.document.title)
    return quote ? `${image} ${t('pageMarked', quote)}` : image
  }
}

/** Not the disabled attribute: it would take the keyboard away from who has just pressed. @param {HTMLElement} button @param {boolean} isDisabled */
function setDisabled(button, isDisabled) {
  button.setAttribute('aria-disabled', String(isDisabled))
}
