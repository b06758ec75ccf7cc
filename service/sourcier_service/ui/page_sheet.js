/** A page -> its image at the sharpness of the screen, with rectangles laid over the quoted words. */

import { ApiFailure, explain, imagePath, openable } from './api.js'
import { find, make } from './elements.js'

/** @typedef {import('./types.js').Page} Page */
/** @typedef {import('./types.js').Target} Target */

const ZOOMS = [1, 1.5, 2.2] // times the width of the pane
const SCALES = [1, 1.5, 2, 2.5, 3] // pixels to the point: few steps, so that the browser's cache is hit

export class PageSheet {
  #stage
  #zoom = 0 // index into ZOOMS
  #loaded = { page: '', scale: 0 }
  #text = ''
  /** @type {{target: Target, page: Page, signal: AbortSignal}|null} */
  #last = null

  /** @param {HTMLElement} stage */
  constructor(stage) {
    this.#stage = stage
    this.element = find('.sheet', stage)
    this.marks = find('.marks', stage)
    // a window made wider, or moved to a sharper screen, asks for a sharper image
    new ResizeObserver(() => this.#sharpen()).observe(stage)
  }

  get isLoaded() {
    return this.#image() !== null
  }

  clear() {
    this.#drop(this.#image())
    this.#loaded = { page: '', scale: 0 }
    this.#last = null
    this.marks.replaceChildren()
    this.element.classList.remove('loading')
  }

  /** @param {string} text  What the image shows, for who cannot see it. */
  describe(text) {
    this.#text = text
    const image = this.#image()
    if (image) image.alt = text
  }

  /**
   * Give the sheet the page's shape and lay out its marks, before any pixel is there: nothing jumps later.
   *
   * @param {Page} page
   * @returns {HTMLElement|null}  The first mark.
   */
  place(page) {
    const width = page.width || 1
    const height = page.height || 1
    // the style attribute is closed by the content policy, the style object is not
    this.element.style.setProperty('aspect-ratio', `${width} / ${height}`)
    this.#showZoom()
    if (this.#loaded.page !== pageKey(page)) {
      this.#drop(this.#image())
      this.element.classList.add('loading')
    }
    const marks = (page.boxes ?? []).map((box) => {
      const mark = make('span', { class: 'highlight' })
      mark.style.setProperty('left', `${(100 * box.x0) / width}%`)
      mark.style.setProperty('top', `${(100 * box.y0) / height}%`)
      mark.style.setProperty('width', `${(100 * (box.x1 - box.x0)) / width}%`)
      mark.style.setProperty('height', `${(100 * (box.y1 - box.y0)) / height}%`)
      return mark
    })
    this.marks.replaceChildren(...marks)
    return marks[0] ?? null
  }

  /**
   * Load the image, unless one as sharp is there.
   *
   * @param {Target} target
   * @param {Page} page
   * @param {AbortSignal} signal
   */
  async load(target, page, signal) {
    this.#last = { target, page, signal }
    const key = pageKey(page)
    const scale = this.#scale(page)
    if (this.#loaded.page === key && this.#loaded.scale >= scale) return
    const path = imagePath(target, scale)
    const image = make('img', { alt: this.#text, draggable: 'false' })
    image.src = await openable(path, signal)
    try {
      await image.decode()
    } catch {
      if (signal.aborted) return this.#release(image)
      throw image.src.startsWith('blob:') ? new ApiFailure(500) : await explain(path)
    }
    if (signal.aborted) return this.#release(image)
    image.alt = this.#text
    const old = this.#image()
    this.element.prepend(image)
    this.#drop(old)
    this.#loaded = { page: key, scale }
    this.element.classList.remove('loading')
  }

  /** @param {number} step */
  canZoom(step) {
    return ZOOMS[this.#zoom + step] !== undefined
  }

  /** @param {number} step @returns {HTMLElement|null}  The first mark. */
  zoom(step) {
    if (this.canZoom(step)) this.#zoom += step
    this.#showZoom()
    return /** @type {HTMLElement|null} */ (this.marks.firstElementChild)
  }

  #showZoom() {
    this.#stage.style.setProperty('--zoom', String(ZOOMS[this.#zoom]))
  }

  #sharpen() {
    if (!this.#last || this.element.hidden || !this.isLoaded) return
    const { target, page, signal } = this.#last
    if (signal.aborted) return
    this.load(target, page, signal).catch(() => {
      // the image that is there stays: less sharp, but the right page
    })
  }

  /** @param {Page} page */
  #scale(page) {
    const needed = (this.element.clientWidth * devicePixelRatio) / (page.width || 1)
    return SCALES.find((scale) => scale >= needed - 0.05) ?? SCALES[SCALES.length - 1]
  }

  #image() {
    return this.element.querySelector('img')
  }

  /** @param {HTMLImageElement|null} image */
  #drop(image) {
    if (image === null) return
    image.remove()
    this.#release(image)
  }

  /** @param {HTMLImageElement} image */
  #release(image) {
    if (image.src.startsWith('blob:')) URL.revokeObjectURL(image.src)
  }
}

/** @param {Page} page */
function pageKey(page) {
  return `${page.document.id} ${page.version} ${page.page}`
}
