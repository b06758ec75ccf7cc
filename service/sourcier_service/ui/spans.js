/** Spans in code points -> pieces of a JavaScript string, which counts in UTF-16 units. */

/**
 * Cut a text before and after a span.
 *
 * @param {string} text
 * @param {number|null} start  Code points; null cuts nothing.
 * @param {number|null} end  Half-open.
 * @returns {[string, string, string]}
 */
export function splitAt(text, start, end) {
  if (start === null || end === null) return [text, '', '']
  const from = unitsAt(text, start)
  const to = unitsAt(text, end)
  return [text.slice(0, from), text.slice(from, to), text.slice(to)]
}

/** @param {string} text @param {number} codePoints */
function unitsAt(text, codePoints) {
  let units = 0
  for (let passed = 0; passed < codePoints && units < text.length; passed += 1) {
    units += Number(text.codePointAt(units)) > 0xffff ? 2 : 1
  }
  return units
}
