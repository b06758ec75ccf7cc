/** Address <-> the hash of the address bar: what a reload, a bookmark or a shared link comes back to. */

/** @typedef {import('./types.js').Address} Address */
/** @typedef {import('./types.js').Target} Target */
/** @typedef {import('./types.js').Place} Place */

/** @param {string} hash  With or without its #. @returns {Address} */
export function readAddress(hash) {
  const values = new URLSearchParams(hash.replace(/^#/, ''))
  return {
    question: (values.get('q') ?? '').trim(),
    collections: values.getAll('collection').filter(Boolean),
    target: readTarget(values),
  }
}

/** @param {URLSearchParams} values @returns {Target|null} */
function readTarget(values) {
  const document = values.get('document')
  const version = values.get('version')
  if (!document || !version) return null
  const start = whole(values.get('start'), 0)
  const end = whole(values.get('end'), 1)
  const spans = start !== null && end !== null && start < end
  return {
    document,
    version,
    page: whole(values.get('page'), 1),
    start: spans ? start : null,
    end: spans ? end : null,
  }
}

/** A hand-edited link may hold anything: what is not a whole number counts as absent. @param {string|null} value @param {number} least */
function whole(value, least) {
  if (value === null || !/^\d{1,9}$/.test(value)) return null
  return Number(value) >= least ? Number(value) : null
}

/** @param {Address} address @returns {string}  '' for the empty page, else with its #. */
export function writeAddress(address) {
  const values = new URLSearchParams()
  const { target } = address
  if (target) {
    values.set('document', target.document)
    values.set('version', target.version)
    if (target.page !== null) values.set('page', String(target.page))
    if (target.start !== null && target.end !== null) {
      values.set('start', String(target.start))
      values.set('end', String(target.end))
    }
  }
  if (address.question) values.set('q', address.question)
  for (const collection of address.collections) values.append('collection', collection)
  const written = values.toString()
  return written && `#${written}`
}

/** @param {Place} place @returns {Target} */
export function targetOf(place) {
  const { version, page, start, end } = place
  return { document: place.document.id, version, page, start, end }
}

/** @param {Target|null} one @param {Target|null} other */
export function sameTarget(one, other) {
  return writeAddress(bare(one)) === writeAddress(bare(other))
}

/** @param {Address} one @param {Address} other */
export function sameQuestion(one, other) {
  return writeAddress({ ...one, target: null }) === writeAddress({ ...other, target: null })
}

/** The link to a page alone, fit to be shared: it does not tell what was asked. @param {Target} target */
export function permanentLink(target) {
  return `${location.origin}${location.pathname}${writeAddress(bare(target))}`
}

/** @param {Target|null} target @returns {Address} */
function bare(target) {
  return { question: '', collections: [], target }
}
