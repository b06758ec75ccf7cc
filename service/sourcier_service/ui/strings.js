/** Every word the page says, in French and English, and which of the two to use. */

/** @typedef {'fr'|'en'} Language */
/** @typedef {Record<string, string | ((...values: any[]) => string)>} Table */

/** @type {Table} */
const en = {
  title: 'Ask a question, see the page.',
  promise:
    'Every sentence of an answer leads to the exact words of your documents, highlighted on their page. ' +
    'When the documents do not say, you are told so.',
  question: 'Your question',
  questionHint: 'What would you like to know?',
  ask: 'Ask',
  home: 'Sourcier, start again',
  otherLanguage: 'Français',
  key: 'Access key',
  keyLabel: 'Access key',
  keyHint: 'Opens documents that are not public. Kept in this tab only, until you close it.',
  keySave: 'Use this key',
  keyForget: 'Forget it',
  keyInUse: 'Access key in use',
  scope: 'Search in',
  scopeAll: 'all collections',
  documents: (/** @type {number} */ n) => (n === 1 ? '1 document' : `${n} documents`),
  nothingPublic:
    'No document is open to you yet. If you have an access key, enter it under “Access key”.',
  waiting: 'Reading the documents…',
  answered: 'Answer',
  partial: 'Partial answer',
  partialNote: 'The documents answer only part of the question.',
  unsupported: 'not supported by the documents',
  verbatim: 'Word for word from the documents',
  generative: 'Written by a language model, each sentence checked against its source',
  curated: 'Answer approved by your organisation',
  // a verdict is true of its reason: where pages come near, the documents may well say it
  verdict_low_support: 'Not found with enough certainty.',
  verdict_no_evidence: 'The documents do not say.',
  verdict_no_words: 'There is nothing in the question to look for.',
  verdict_nothing_searched: 'There is no document to search.',
  low_support:
    'Some pages come near the question, but none answers it clearly enough to be quoted as an answer. See the nearest passages below.',
  no_evidence: 'No page that you may read deals with this question.',
  no_words: 'Ask with the words that the documents might use.',
  nothing_searched: 'There is no document that you may read here, yet.',
  searched: (/** @type {string} */ where, /** @type {number} */ pages) => `Searched: ${where}, ${pages} pages.`,
  nearest: 'The nearest passages',
  sources: 'Sources',
  source: (/** @type {number} */ n, /** @type {string} */ where) => `Source ${n}: ${where}`,
  unverified: 'These words could not be checked on the page.',
  superseded: (/** @type {string} */ day) => `Of a version that was in effect until ${day}; another one has replaced it.`,
  doubt_ocr: 'This page is a scan: its words were recognised in the image and may be wrong. Look at the page.',
  doubt_ocr_layer: 'This page is a scan whose words were recognised by whoever made it: they may be wrong. Look at the page.',
  doubt_garbled: 'Part of this page’s text cannot be read by a machine. Look at the page.',
  doubt_second_reader: 'This page is damaged: words may be missing.',
  doubt_repaired: 'This file is damaged and was repaired: words or pages may be missing.',
  doubt_hidden_text: 'This page also holds words that cannot be seen. They were left out.',
  passages: (/** @type {number} */ n) => `All passages read (${n})`,
  score: (/** @type {string} */ value) => `Score ${value}`,
  followUps: 'You could also ask',
  retry: 'Try again',
  placeInText: 'text document',
  place: (/** @type {number} */ page, /** @type {string|null} */ label) =>
    label === null ? `page ${page} of the file` : `page ${label} (page ${page} of the file)`,
  where: (/** @type {number} */ page, /** @type {number} */ count, /** @type {string|null} */ label) =>
    label === null ? `page ${page} of ${count}` : `page ${label} (${page} of ${count})`,
  quoted: (/** @type {string} */ words) => `“${words}”`,
  pane: 'The page',
  close: 'Close the page',
  previous: 'Previous page',
  next: 'Next page',
  smaller: 'Zoom out',
  larger: 'Zoom in',
  text: 'Text',
  stage: 'Page, scrollable',
  backToQuote: 'Back to the quoted page',
  copy: 'Copy citation',
  copied: 'Citation copied',
  notCopied: 'The browser did not allow copying.',
  original: 'Original PDF',
  originalText: 'Original document',
  pageImage: (/** @type {string} */ where, /** @type {string} */ title) => `Image of ${where} of “${title}”.`,
  pageMarked: (/** @type {string} */ words) => `Highlighted: “${words}”`,
  notOnImage: 'The place of these words on the image is not known for certain, so nothing is highlighted there. Here is the page’s text.',
  noText: 'This page holds no text.',
  says: (/** @type {string} */ message) => `The server says: ${message}`,
  failureNetwork: 'The service cannot be reached. Check your connection, then try again.',
  failure401: 'The service did not accept the access key.',
  failure403: 'You may not read this. It may need another access key.',
  failure404: 'This page is no longer here: the document may have been replaced or deleted, or you may need an access key to read it.',
  failure413: 'The question is too long.',
  failure422: 'The service could not take this as it stands.',
  failure429: 'Too many questions at once. Wait a moment, then try again.',
  failure503: 'The service cannot answer right now. Nothing is lost: try again in a moment.',
  failureOther: 'Something went wrong in the service.',
}

/** @type {Table} */
const fr = {
  title: 'Posez votre question, voyez la page.',
  promise:
    'Chaque phrase d’une réponse mène aux mots exacts de vos documents, surlignés sur leur page. ' +
    'Quand les documents ne le disent pas, c’est écrit.',
  question: 'Votre question',
  questionHint: 'Que voulez-vous savoir\u202f?',
  ask: 'Demander',
  home: 'Sourcier, recommencer',
  otherLanguage: 'English',
  key: 'Clé d’accès',
  keyLabel: 'Clé d’accès',
  keyHint: 'Ouvre les documents qui ne sont pas publics. Gardée dans cet onglet seulement, jusqu’à sa fermeture.',
  keySave: 'Utiliser cette clé',
  keyForget: 'L’oublier',
  keyInUse: 'Clé d’accès utilisée',
  scope: 'Chercher dans',
  scopeAll: 'toutes les collections',
  documents: (n) => (n < 2 ? `${n} document` : `${n} documents`),
  nothingPublic:
    'Aucun document ne vous est encore ouvert. Si vous avez une clé d’accès, saisissez-la sous «\u00a0Clé d’accès\u00a0».',
  waiting: 'Lecture des documents…',
  answered: 'Réponse',
  partial: 'Réponse partielle',
  partialNote: 'Les documents ne répondent qu’à une partie de la question.',
  unsupported: 'sans appui dans les documents',
  verbatim: 'Mot pour mot dans les documents',
  generative: 'Rédigé par un modèle de langue, chaque phrase vérifiée dans sa source',
  curated: 'Réponse approuvée par votre organisation',
  verdict_low_support: 'Pas trouvé avec assez de certitude.',
  verdict_no_evidence: 'Les documents ne le disent pas.',
  verdict_no_words: 'Il n’y a rien à chercher dans la question.',
  verdict_nothing_searched: 'Il n’y a aucun document à consulter.',
  low_support:
    'Des pages approchent la question, mais aucune n’y répond assez clairement pour être citée en réponse. Voyez ci-dessous les passages les plus proches.',
  no_evidence: 'Aucune page que vous pouvez lire ne traite de cette question.',
  no_words: 'Demandez avec les mots que les documents pourraient employer.',
  nothing_searched: 'Il n’y a encore ici aucun document que vous puissiez lire.',
  searched: (where, pages) => `Cherché dans\u00a0: ${where}, ${pages} pages.`,
  nearest: 'Les passages les plus proches',
  sources: 'Sources',
  source: (n, where) => `Source ${n}\u00a0: ${where}`,
  unverified: 'Ces mots n’ont pas pu être vérifiés sur la page.',
  superseded: (/** @type {string} */ day) => `D’une version en vigueur jusqu’au ${day}, remplacée depuis.`,
  doubt_ocr: 'Cette page est numérisée\u00a0: ses mots ont été reconnus dans l’image et peuvent être faux. Regardez la page.',
  doubt_ocr_layer: 'Cette page est numérisée, ses mots reconnus par qui l’a faite\u00a0: ils peuvent être faux. Regardez la page.',
  doubt_garbled: 'Une partie du texte de cette page est illisible pour une machine. Regardez la page.',
  doubt_second_reader: 'Cette page est endommagée\u00a0: des mots peuvent manquer.',
  doubt_repaired: 'Ce fichier est endommagé et a été réparé\u00a0: des mots ou des pages peuvent manquer.',
  doubt_hidden_text: 'Cette page contient aussi des mots invisibles. Ils ont été laissés de côté.',
  passages: (n) => `Tous les passages lus (${n})`,
  score: (value) => `Score ${value}`,
  followUps: 'Vous pourriez aussi demander',
  retry: 'Réessayer',
  placeInText: 'document texte',
  place: (page, label) =>
    label === null ? `page ${page} du fichier` : `page ${label} (page ${page} du fichier)`,
  where: (page, count, label) =>
    label === null ? `page ${page} sur ${count}` : `page ${label} (${page} sur ${count})`,
  quoted: (words) => `«\u00a0${words}\u00a0»`,
  pane: 'La page',
  close: 'Fermer la page',
  previous: 'Page précédente',
  next: 'Page suivante',
  smaller: 'Réduire',
  larger: 'Agrandir',
  text: 'Texte',
  stage: 'Page, à faire défiler',
  backToQuote: 'Revenir à la page citée',
  copy: 'Copier la citation',
  copied: 'Citation copiée',
  notCopied: 'Le navigateur n’a pas permis la copie.',
  original: 'PDF d’origine',
  originalText: 'Document d’origine',
  pageImage: (where, title) => `Image de la ${where} de «\u00a0${title}\u00a0».`,
  pageMarked: (words) => `Surligné\u00a0: «\u00a0${words}\u00a0»`,
  notOnImage: 'L’endroit de ces mots sur l’image n’est pas connu avec certitude\u00a0: rien n’y est surligné. Voici le texte de la page.',
  noText: 'Cette page ne contient pas de texte.',
  says: (message) => `Message du serveur\u00a0: ${message}`,
  failureNetwork: 'Le service est injoignable. Vérifiez votre connexion, puis réessayez.',
  failure401: 'Le service n’a pas accepté la clé d’accès.',
  failure403: 'Vous ne pouvez pas lire ceci. Il faut peut-être une autre clé d’accès.',
  failure404: 'Cette page n’est plus ici\u00a0: le document a peut-être été remplacé ou supprimé, ou il faut une clé d’accès pour le lire.',
  failure413: 'La question est trop longue.',
  failure422: 'Le service n’a pas pu prendre la demande telle quelle.',
  failure429: 'Trop de questions à la fois. Attendez un instant, puis réessayez.',
  failure503: 'Le service ne peut pas répondre pour le moment. Rien n’est perdu\u00a0: réessayez dans un instant.',
  failureOther: 'Le service a rencontré un problème.',
}

/** @type {Record<Language, Table>} */
const tables = { en, fr }
const CHOICE = 'sourcier-language'

/** The reader's own choice first, then the browser's list, then English. @returns {Language} */
export function preferredLanguage() {
  const chosen = stored()
  if (chosen === 'fr' || chosen === 'en') return chosen
  for (const tag of navigator.languages) {
    const language = tag.slice(0, 2).toLowerCase()
    if (language === 'fr' || language === 'en') return language
  }
  return 'en'
}

/** @returns {string|null} */
function stored() {
  try {
    return localStorage.getItem(CHOICE)
  } catch {
    return null // storage is refused in some private windows; the browser's list then decides
  }
}

/** @type {Language} */
let current = 'en'

/** @param {Language} language @param {{remember?: boolean}} [options] */
export function useLanguage(language, { remember = false } = {}) {
  current = language
  document.documentElement.lang = language
  if (!remember) return
  try {
    localStorage.setItem(CHOICE, language)
  } catch {
    // the choice then lasts as long as the page
  }
}

/** @returns {Language} */
export function language() {
  return current
}

/** Tell whether there are words of that name: a newer server may send codes that this page does not know. @param {string} name */
export function hasText(name) {
  return name in en
}

/**
 * The string of that name in the language in use.
 *
 * @param {string} name
 * @param {...unknown} values
 */
export function t(name, ...values) {
  const entry = tables[current][name]
  if (entry === undefined) throw new RangeError(`No string ${name}`)
  return typeof entry === 'function' ? entry(...values) : entry
}

/** Fill the parts of the document whose words never change but for the language. @param {ParentNode} root */
export function fillStrings(root) {
  for (const element of root.querySelectorAll('[data-t]')) element.textContent = t(name(element, 't'))
  for (const element of root.querySelectorAll('[data-t-label]')) {
    element.setAttribute('aria-label', t(name(element, 'tLabel')))
    // a name that is not printed is shown as a tooltip to those who see the icon only
    if (element instanceof HTMLButtonElement) element.title = t(name(element, 'tLabel'))
  }
  for (const element of root.querySelectorAll('[data-t-hint]')) {
    element.setAttribute('placeholder', t(name(element, 'tHint')))
  }
}

/** @param {Element} element @param {string} key */
function name(element, key) {
  return /** @type {HTMLElement} */ (element).dataset[key] ?? ''
}
