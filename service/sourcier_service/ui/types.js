/**
 * The shapes the modules pass to each other, as the API sends them. Types only: nothing runs here.
 *
 * @typedef {{id: string, name: string, title: string, collection: string, language?: string}} DocumentName
 *
 * @typedef {Object} Box  A rectangle in PDF points, origin at the page's top left.
 * @property {number} x0
 * @property {number} y0
 * @property {number} x1
 * @property {number} y1
 *
 * @typedef {Object} Target  A page to open, and the words to mark on it.
 * @property {string} document
 * @property {string} version  sha256 of the file.
 * @property {number|null} page  1-based; null for a text pane.
 * @property {number|null} start  Code points into the page's text; null marks nothing.
 * @property {number|null} end  Half-open.
 *
 * @typedef {Object} Address  All that the address bar keeps: enough to come back to the same view.
 * @property {string} question  '' before the first one.
 * @property {string[]} collections  Names; empty means all.
 * @property {Target|null} target
 *
 * @typedef {Object} Place  What a citation and a passage have in common: where words stand.
 * @property {DocumentName} document
 * @property {string} version
 * @property {number|null} page
 * @property {string|null} page_label  As printed on the page.
 * @property {string[]} section  Headings above it, outermost first.
 * @property {number} start
 * @property {number} end
 * @property {string|null} effective_to  First day on which the version is no longer in effect.
 * @property {boolean} superseded  Another version is in effect in its place today.
 *
 * @typedef {{text: string, start: number, end: number}} Context  Column heads, or what opens a list.
 *
 * @typedef {Place & {n: number, quote: string, boxes: Box[], verified: boolean, context: Context|null,
 *   warnings: string[]}} Citation  `warnings`: codes of what is doubtful about the page.
 * @typedef {Place & {text: string, score: number}} Passage
 * @typedef {{text: string, citations: number[]}} Sentence
 *
 * @typedef {Object} Answer
 * @property {string} id
 * @property {string} question
 * @property {'answered'|'partial'|'no_answer'} status
 * @property {'curated'|'extractive'|'generative'} mode
 * @property {'fr'|'en'} language
 * @property {"nothing_searched"|"no_words"|"no_evidence"|"low_support"|null} reason
 * @property {{documents: number, pages: number}} searched
 * @property {Sentence[]} sentences
 * @property {Citation[]} citations
 * @property {Passage[]} passages  Best first.
 * @property {string[]} follow_ups
 *
 * @typedef {Object} Page
 * @property {DocumentName} document
 * @property {string} version
 * @property {number|null} page
 * @property {string|null} page_label
 * @property {number} page_count
 * @property {number|null} width  Points; null for text.
 * @property {number|null} height
 * @property {string} text
 * @property {string[]} [section]
 * @property {Box[]} [boxes]  Of the span asked for.
 *
 * @typedef {{name: string, public: boolean, documents: number}} Collection
 */

export {}
