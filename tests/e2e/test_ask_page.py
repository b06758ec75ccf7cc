"""The Ask page in a real browser, on a real server: what a reader sees, with mouse, keyboard and phone."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import ConsoleMessage, Page, Route, ViewportSize, expect

import sourcier_service

EXPENSES = "Quel est le délai pour déposer une demande de remboursement de frais ?"
MILEAGE = "What is the mileage rate above 5,000 km?"
PADLOCKS = "How many padlocks do I need for the south ferry ramp?"
CANTEEN = "Quel est le menu de la cantine demain midi à Tokyo ?"  # of no document

DESKTOP = ViewportSize(width=1280, height=800)
TABLET = ViewportSize(width=768, height=1024)
PHONE = ViewportSize(width=320, height=640)

WHERE = re.compile(r"^page (\S+ \()?(\d+) (sur|of) (\d+)\)?$")


class SampleServer(Protocol):
    """A running server that has read the sample documents."""

    url: str
    admin_key: str


def ask(page: Page, url: str, question: str, viewport: ViewportSize = DESKTOP) -> None:
    """Open the page, type the question, press Enter, wait for the reply."""
    page.set_viewport_size(viewport)
    page.goto(url)
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")
    expect(page.locator("#answer[aria-busy=false] h2")).to_be_visible(timeout=30_000)


def wait_for_page(page: Page) -> None:
    """Wait until the pane shows the page it was asked for."""
    expect(page.locator("#pane[aria-busy=false]")).to_be_visible(timeout=30_000)


def open_citation(page: Page, nth: int = 0) -> None:
    """Click a citation's number in the answer."""
    page.locator("#answer a.mark").nth(nth).click()
    wait_for_page(page)


def highlights(page: Page) -> list[dict[str, float]]:
    """Return the rectangles, in fractions of the page image, once they are drawn to their end."""
    found: list[dict[str, float]] = page.evaluate(
        """async () => {
          const marks = [...document.querySelectorAll('#pane .highlight')]
          await Promise.all(marks.flatMap((mark) => mark.getAnimations()).map((drawing) => drawing.finished))
          const image = document.querySelector('#pane .sheet img').getBoundingClientRect()
          return marks.map((mark) => {
            const box = mark.getBoundingClientRect()
            return {
              x0: (box.left - image.left) / image.width, x1: (box.right - image.left) / image.width,
              y0: (box.top - image.top) / image.height, y1: (box.bottom - image.top) / image.height,
            }
          })
        }"""
    )
    return found


def page_number(page: Page) -> int:
    """Return the page as a viewer counts, out of 'page 57 (63 of 142)' or 'page 63 of 142'."""
    text = page.locator(".pane-where").inner_text()
    match = WHERE.match(text)
    assert match, text
    return int(match[2])


def words(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split())


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return wider


@contextmanager
def another_page(page: Page, **options: Any) -> Iterator[Page]:
    """Open a page in a context of its own, with nothing kept from the first."""
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(**options)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def quiet_console(page: Page) -> Iterator[None]:
    """Fail where the page logs an error or breaks its content policy."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield
    assert said == []


def test_a_french_question_is_answered_with_numbered_citations(
    sample_server: SampleServer, browser_page: Page
) -> None:
    ask(browser_page, sample_server.url, EXPENSES)

    sentences = browser_page.locator("#answer .sentence")
    expect(browser_page.locator("#answer")).to_contain_text("30")
    for sentence in sentences.all():
        expect(sentence.locator("a.mark").first).to_have_text(re.compile(r"^\[\d+\]$"))
    numbers = browser_page.locator("#sources .number").all_inner_texts()
    assert numbers == [str(n + 1) for n in range(len(numbers))]


@pytest.mark.parametrize("question", [EXPENSES, MILEAGE])
def test_a_citation_shows_its_page_with_the_words_highlighted(
    sample_server: SampleServer, browser_page: Page, question: str
) -> None:
    ask(browser_page, sample_server.url, question)

    open_citation(browser_page)

    image = browser_page.locator("#pane .sheet img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") > 0
    assert "start=" not in (image.get_attribute("src") or "")  # the highlight is laid over a plain image
    boxes = highlights(browser_page)
    assert boxes
    for box in boxes:
        assert 0 <= box["x0"] < box["x1"] <= 1
        assert 0 <= box["y0"] < box["y1"] <= 1
    expect(browser_page.locator("#pane .highlight").first).to_be_in_viewport()


def test_the_marked_text_of_the_page_is_the_sentence_of_the_answer(
    sample_server: SampleServer, browser_page: Page
) -> None:
    ask(browser_page, sample_server.url, EXPENSES)
    sentence = browser_page.locator("#answer .sentence").first.locator(".said").all_inner_texts()
    open_citation(browser_page)

    browser_page.locator(".as-text").click()

    mark = browser_page.locator("#pane .page-text mark")
    expect(mark).to_be_in_viewport()
    assert words(mark.inner_text()) == words("".join(sentence))


def test_a_wide_screen_shows_the_first_proof_beside_the_answer_at_once(
    sample_server: SampleServer, browser_page: Page
) -> None:
    ask(browser_page, sample_server.url, EXPENSES)

    wait_for_page(browser_page)

    expect(browser_page.locator("#answer a.mark").first).to_have_attribute("aria-current", "true")
    answer = browser_page.locator("#answer").bounding_box()
    pane = browser_page.locator("#pane").bounding_box()
    assert answer is not None
    assert pane is not None
    assert answer["x"] + answer["width"] <= pane["x"]


def test_a_deep_link_reopens_the_page_with_the_same_highlight(
    sample_server: SampleServer, browser_page: Page
) -> None:
    ask(browser_page, sample_server.url, EXPENSES)
    open_citation(browser_page)
    number, boxes, link = page_number(browser_page), highlights(browser_page), browser_page.url
    assert f"page={number}&" in link

    with another_page(browser_page, viewport=DESKTOP) as other:
        other.goto(link)
        wait_for_page(other)

        expect(other.locator("#answer .sentence").first).to_be_visible()  # the question is asked again
        assert other.locator("#question").input_value() == EXPENSES
        assert page_number(other) == number
        for reopened, box in zip(highlights(other), boxes, strict=True):
            assert reopened == pytest.approx(box, abs=0.002)


def test_the_link_of_the_api_opens_the_page_without_a_question(
    sample_server: SampleServer, browser_page: Page
) -> None:
    reply = browser_page.request.post(f"{sample_server.url}/v1/answer", data={"question": MILEAGE})
    citation = reply.json()["citations"][0]

    browser_page.set_viewport_size(DESKTOP)
    browser_page.goto(sample_server.url.rstrip("/") + citation["url"])
    wait_for_page(browser_page)

    assert page_number(browser_page) == citation["page"]
    if citation["page_label"] is not None:
        expect(browser_page.locator(".pane-where")).to_contain_text(f"page {citation['page_label']} (")
    assert len(highlights(browser_page)) == len(citation["boxes"])


def test_pages_turn_and_the_quoted_one_is_found_again(
    sample_server: SampleServer, browser_page: Page
) -> None:
    ask(browser_page, sample_server.url, EXPENSES)
    open_citation(browser_page)
    number = page_number(browser_page)

    browser_page.locator("#pane .next").click()
    wait_for_page(browser_page)
    expect(browser_page.locator(".pane-where")).to_contain_text(str(number + 1))
    expect(browser_page.locator("#pane .highlight")).to_have_count(0)
    browser_page.locator("#pane .back").click()
    wait_for_page(browser_page)

    assert page_number(browser_page) == number
    assert highlights(browser_page)


def test_the_original_opens_at_the_page(sample_server: SampleServer, browser_page: Page) -> None:
    ask(browser_page, sample_server.url, EXPENSES)
    open_citation(browser_page)

    href = browser_page.locator("#pane .original").get_attribute("href") or ""

    assert href.endswith(f"/original#page={page_number(browser_page)}")
    assert browser_page.request.get(sample_server.url.rstrip("/") + href).body().startswith(b"%PDF")


def test_a_copied_citation_stands_on_its_own(sample_server: SampleServer, browser_page: Page) -> None:
    with another_page(
        browser_page, viewport=DESKTOP, locale="en-GB", permissions=["clipboard-read", "clipboard-write"]
    ) as page:
        ask(page, sample_server.url, MILEAGE)
        open_citation(page)
        page.locator("#pane .copy").click()
        expect(page.locator("#pane .copy")).to_have_text("Citation copied")

        heading, *heads, quote, link = page.evaluate("navigator.clipboard.readText()").split("\n")

        assert heading.startswith(page.locator("#pane-title").inner_text())
        assert heading.endswith(page.locator(".pane-where").inner_text())
        assert re.fullmatch("“.+”", quote)
        assert heads == page.locator("#answer .context").all_inner_texts()[:1]  # of a table's row
        assert link.startswith(sample_server.url)
        assert "&q=" not in link  # what was asked is nobody else's business
        page.goto("about:blank")
        page.goto(link)
        wait_for_page(page)
        assert highlights(page)


def test_a_table_row_stands_below_the_heads_of_its_columns(
    sample_server: SampleServer, browser_page: Page
) -> None:
    ask(browser_page, sample_server.url, PADLOCKS)

    row = browser_page.locator("#answer .context + .sentence").first
    expect(browser_page.locator("#answer .context").first).to_have_text(
        "Point Equipment Cut at Energy Padlocks"
    )
    expect(row).to_contain_text("H-307 South ferry ramp")
    above, below = browser_page.locator("#answer .context").first.bounding_box(), row.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"] + 1


def test_the_items_of_a_list_stand_one_below_the_other_with_one_mark(
    sample_server: SampleServer, browser_page: Page
) -> None:
    lines = ["Do this:", "1. Close the valve.", "2. Call the control room."]

    def answer(route: Route) -> None:
        body = route.fetch().json()
        body["sentences"] = [{"text": line, "citations": [1]} for line in lines]
        body["citations"] = body["citations"][:1]
        route.fulfill(content_type="application/json", body=json.dumps(body))

    browser_page.route("**/v1/answer", answer)
    ask(browser_page, sample_server.url, PADLOCKS)

    sentence = browser_page.locator("#answer .sentence")
    expect(sentence).to_have_count(1)
    expect(sentence.locator("a.mark")).to_have_count(1)
    items = sentence.locator(".item")
    assert [words(text).removesuffix("[1]").strip() for text in items.all_inner_texts()] == lines
    tops = [(item.bounding_box() or {"y": 0.0})["y"] for item in items.all()]
    assert tops == sorted(set(tops))


def test_every_passage_read_is_listed_and_opens_its_page(
    sample_server: SampleServer, browser_page: Page
) -> None:
    ask(browser_page, sample_server.url, MILEAGE)

    browser_page.locator("#passages summary").click()
    browser_page.locator("#passages .title").last.click()
    wait_for_page(browser_page)

    count = browser_page.locator("#passages li").count()
    expect(browser_page.locator("#passages summary")).to_contain_text(f"({count})")
    expect(browser_page.locator("#passages .title").last).to_have_attribute("aria-current", "true")


def test_no_answer_is_said_as_clearly_as_an_answer(sample_server: SampleServer, browser_page: Page) -> None:
    with another_page(browser_page, locale="fr-FR") as page:
        ask(page, sample_server.url, CANTEEN)

        expect(page.locator("#answer h2")).to_have_text("Pas trouvé avec assez de certitude.")
        expect(page.locator("#answer .sentence")).to_have_count(0)
        expect(page.locator("#pane")).to_be_hidden()
        page.locator("#sources .title").first.click()
        wait_for_page(page)


@pytest.mark.parametrize(
    ("locale", "verdict"),
    [
        ("en-GB", "There is nothing in the question to look for."),
        ("fr-FR", "Il n’y a rien à chercher dans la question."),
    ],
)
def test_a_question_without_words_is_told_so_and_offered_no_passage(
    sample_server: SampleServer, browser_page: Page, locale: str, verdict: str
) -> None:
    with another_page(browser_page, locale=locale) as page:
        ask(page, sample_server.url, "🎉🎉🎉")

        expect(page.locator("#answer h2")).to_have_text(verdict)
        expect(page.locator("#sources")).to_be_hidden()


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ("no_evidence", "The documents do not say."),
        ("nothing_searched", "There is no document to search."),
        ("low_support", "Not found with enough certainty."),
    ],
)
def test_the_verdict_is_that_of_the_reason(
    sample_server: SampleServer, browser_page: Page, reason: str, verdict: str
) -> None:
    def reply(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"reason": reason})

    browser_page.route("**/v1/answer", reply)

    ask(browser_page, sample_server.url, CANTEEN)

    expect(browser_page.locator("#answer h2")).to_have_text(verdict)


def test_the_keyboard_alone_asks_opens_turns_and_closes(
    sample_server: SampleServer, browser_page: Page
) -> None:
    browser_page.set_viewport_size(TABLET)
    browser_page.goto(sample_server.url)
    keyboard = browser_page.keyboard
    for _ in range(8):
        keyboard.press("Tab")
        if browser_page.evaluate("document.activeElement.id") == "question":
            break
    keyboard.type(EXPENSES)
    keyboard.press("Enter")
    mark = browser_page.locator("#answer a.mark").first
    expect(mark).to_be_visible(timeout=30_000)
    for _ in range(8):
        keyboard.press("Tab")
        if mark.evaluate("mark => mark === document.activeElement"):
            break
    assert mark.evaluate("mark => getComputedStyle(mark).outlineStyle") == "solid"

    keyboard.press("Enter")
    wait_for_page(browser_page)
    expect(browser_page.locator("#pane")).to_be_focused()
    number = page_number(browser_page)
    keyboard.press("ArrowRight")
    expect(browser_page.locator(".pane-where")).to_contain_text(str(number + 1))
    keyboard.press("ArrowLeft")
    expect(browser_page.locator(".pane-where")).to_contain_text(str(number))
    keyboard.press("Escape")

    expect(browser_page.locator("#pane")).to_be_hidden()
    expect(mark).to_be_focused()


def test_back_closes_the_page_on_a_phone(sample_server: SampleServer, browser_page: Page) -> None:
    ask(browser_page, sample_server.url, EXPENSES, PHONE)
    open_citation(browser_page)

    browser_page.go_back()

    expect(browser_page.locator("#pane")).to_be_hidden()
    expect(browser_page.locator("#answer .sentence").first).to_be_visible()


def test_a_narrow_screen_never_scrolls_sideways(sample_server: SampleServer, browser_page: Page) -> None:
    browser_page.set_viewport_size(PHONE)
    browser_page.goto(sample_server.url)
    assert overflow(browser_page) <= 0

    ask(browser_page, sample_server.url, EXPENSES, PHONE)
    browser_page.locator("#passages summary").click()
    assert overflow(browser_page) <= 0
    open_citation(browser_page)
    assert overflow(browser_page) <= 0
    expect(browser_page.locator("#pane .highlight").first).to_be_in_viewport()
    browser_page.locator("#pane .larger").click()
    assert overflow(browser_page) <= 0
    browser_page.locator(".as-text").click()
    assert overflow(browser_page) <= 0


def test_every_control_is_large_enough_for_a_finger(sample_server: SampleServer, browser_page: Page) -> None:
    ask(browser_page, sample_server.url, EXPENSES, PHONE)
    open_citation(browser_page)

    small = browser_page.evaluate(
        """() => [...document.querySelectorAll('button, summary, a:not(.mark)')]
          .filter((control) => control.checkVisibility())
          .map((control) => [control.outerHTML, control.getBoundingClientRect()])
          .filter(([, box]) => box.width < 44 || box.height < 44)
          .map(([html]) => html)"""
    )

    assert small == []


@pytest.mark.parametrize(
    ("locale", "language", "verb"), [("fr-CA", "fr", "Demander"), ("de-DE", "en", "Ask")]
)
def test_the_page_speaks_the_browsers_language(
    sample_server: SampleServer, browser_page: Page, locale: str, language: str, verb: str
) -> None:
    with another_page(browser_page, locale=locale) as page:
        page.goto(sample_server.url)

        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("#ask button")).to_have_text(verb)


def test_the_language_chosen_by_hand_is_kept(sample_server: SampleServer, browser_page: Page) -> None:
    with another_page(browser_page, locale="en-GB", viewport=DESKTOP) as page:
        ask(page, sample_server.url, MILEAGE)
        wait_for_page(page)

        page.locator("#language").click()

        expect(page.locator(".pane-where")).to_contain_text(" sur ")
        expect(page.locator("#answer h2")).to_have_text("Réponse")
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_a_whole_visit_logs_no_error_and_keeps_to_the_content_policy(
    sample_server: SampleServer, browser_page: Page
) -> None:
    with quiet_console(browser_page):
        ask(browser_page, sample_server.url, EXPENSES)
        open_citation(browser_page)
        browser_page.locator("#pane .next").click()
        wait_for_page(browser_page)
        browser_page.locator("#pane .larger").click()
        browser_page.locator(".as-text").click()
        ask(browser_page, sample_server.url, CANTEEN)
        browser_page.reload()
        expect(browser_page.locator("#answer[aria-busy=false] h2")).to_be_visible(timeout=30_000)


def test_a_key_also_opens_the_images_of_pages(sample_server: SampleServer, browser_page: Page) -> None:
    with another_page(browser_page, viewport=DESKTOP) as page, quiet_console(page):
        page.goto(sample_server.url)
        page.locator("#key-button").click()
        page.locator("#key").fill(sample_server.admin_key)
        page.locator("#key").press("Enter")
        page.locator("#question").fill(EXPENSES)
        page.locator("#question").press("Enter")
        expect(page.locator("#answer a.mark").first).to_be_visible(timeout=30_000)
        open_citation(page)

        image = page.locator("#pane .sheet img")
        assert (image.get_attribute("src") or "").startswith("blob:")
        assert image.evaluate("image => image.naturalWidth") > 0
        assert page.evaluate("Object.keys(localStorage)") == []  # a shared computer forgets the key


@pytest.mark.parametrize("status", [422, 503])
def test_a_failure_is_said_in_plain_words_with_the_servers_own(
    sample_server: SampleServer, browser_page: Page, status: int
) -> None:
    def refuse(route: Route) -> None:
        error = {"type": "t", "code": "c", "message": "The pumps <b>rest</b>.", "param": None}
        route.fulfill(status=status, content_type="application/json", body=json.dumps({"error": error}))

    browser_page.goto(sample_server.url)
    browser_page.route("**/v1/answer", refuse)
    browser_page.locator("#question").fill(EXPENSES)
    browser_page.locator("#question").press("Enter")

    alert = browser_page.locator("#failure[role=alert]")
    expect(alert).to_contain_text("The pumps <b>rest</b>.")  # shown as it came, never read as markup
    browser_page.unroute("**/v1/answer")
    alert.locator("button").click()
    expect(browser_page.locator("#answer .sentence").first).to_be_visible(timeout=30_000)
    expect(alert).to_be_hidden()


def test_a_lost_connection_is_said(sample_server: SampleServer, browser_page: Page) -> None:
    browser_page.goto(sample_server.url)
    browser_page.route("**/v1/answer", lambda route: route.abort())

    browser_page.locator("#question").fill(EXPENSES)
    browser_page.locator("#question").press("Enter")

    expect(browser_page.locator("#failure[role=alert] p")).to_be_visible()
    expect(browser_page.locator("#answer")).to_be_hidden()


def test_a_link_to_a_page_that_is_gone_says_so(sample_server: SampleServer, browser_page: Page) -> None:
    gone = "00000000-0000-5000-8000-000000000000"

    browser_page.goto(f"{sample_server.url.rstrip('/')}/#document={gone}&version={'0' * 64}&page=3")

    expect(browser_page.locator("#pane [role=alert] p").first).to_be_visible()
    expect(browser_page.locator("#pane .sheet img")).to_have_count(0)


def test_the_whole_page_is_under_100_kb() -> None:
    folder = Path(sourcier_service.__file__).parent / "ui"

    assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) < 100_000
