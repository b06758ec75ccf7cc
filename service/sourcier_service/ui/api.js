/** The HTTP API -> values, or one kind of error. The only module that knows routes and keys. */

/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').Collection} Collection */
/** @typedef {import('./types.js').Page} Page */
/** @typedef {import('./types.js').Target} Target */

const KEY = 'sourcier-key'
const INERT = new Set(['application/pdf', 'image/jpeg'])

/** The service said no, or did not say anything (status 0). */
export class ApiFailure extends Error {
  /** @param {number} status @param {string} [message]  The server's own words. */
  constructor(status, message = '') {
    super(message)
    this.status = status
  }
}

/** @returns {string}  '' for an anonymous reader. */
export function accessKey() {
  try {
    return sessionStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}

/** Session storage: a shared computer forgets the key with the tab. @param {string} key */
export function setAccessKey(key) {
  if (key) sessionStorage.setItem(KEY, key)
  else sessionStorage.removeItem(KEY)
}

/**
 * @param {string} question
 * @param {string[]} collections  Empty means all that may be read.
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
export async function fetchAnswer(question, collections, signal) {
  const body = JSON.stringify({
    question,
    collections: collections.length ? collections : null,
    language: null, // the service answers in the language of the question, whatever that of the page
  })
  const headers = { 'Content-Type': 'application/json' }
  return (await call('/v1/answer', { method: 'POST', body, headers, signal })).json()
}

/** @returns {Promise<Collection[]>} */
export async function fetchCollections() {
  return (await (await call('/v1/collections')).json()).collections
}

/** @param {Target} target @param {AbortSignal} signal @returns {Promise<Page>} */
export async function fetchPage(target, signal) {
  const span = target.start === null ? '' : `?start=${target.start}&end=${target.end}`
  return (await call(`${pagePath(target)}${span}`, { signal })).json()
}

/**
 * The plain image of a page: the highlight is laid over it here, so that the browser keeps one image per page.
 *
 * @param {Target} target
 * @param {number} scale  Pixels to the point.
 */
export function imagePath(target, scale) {
  return `${pagePath(target)}.jpg?scale=${scale}`
}

/** @param {Target} target */
export function originalPath(target) {
  return `${versionPath(target)}/original${target.page === null ? '' : `#page=${target.page}`}`
}

/**
 * An address that an image or a tab can open. With a key the bytes are fetched here, since neither sends headers.
 *
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>}  Revoke it when it starts with blob:.
 */
export async function openable(path, signal) {
  if (!accessKey()) return path
  const [bare, fragment] = path.split('#')
  const sent = await (await call(bare, { signal })).blob()
  // a blob's page belongs to this origin: whatever a document says it is, it must not run here
  const type = INERT.has(sent.type) ? sent.type : 'text/plain;charset=utf-8'
  return URL.createObjectURL(sent.slice(0, sent.size, type)) + (fragment ? `#${fragment}` : '')
}

/** Ask again for what an image element could not load: only a fetch learns why. @param {string} path @returns {Promise<ApiFailure>} */
export async function explain(path) {
  try {
    await call(path)
    return new ApiFailure(0)
  } catch (failure) {
    return failure instanceof ApiFailure ? failure : new ApiFailure(0)
  }
}

/** @param {Target} target */
function versionPath(target) {
  return `/v1/documents/${encodeURIComponent(target.document)}/versions/${encodeURIComponent(target.version)}`
}

/** @param {Target} target */
function pagePath(target) {
  return `${versionPath(target)}/pages/${target.page ?? 1}`
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
async function call(path, options = {}) {
  const key = accessKey()
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) }
  let response
  try {
    response = await fetch(path, { ...options, headers })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiFailure(0) // fetch tells no more than that nothing came back
  }
  if (!response.ok) throw new ApiFailure(response.status, await serverMessage(response))
  return response
}

/** @param {Response} response @returns {Promise<string>}  '' where the reply is not ours, e.g. a proxy's page. */
async function serverMessage(response) {
  try {
    const message = (await response.json()).error?.message
    return typeof message === 'string' ? message : ''
  } catch {
    return ''
  }
}
