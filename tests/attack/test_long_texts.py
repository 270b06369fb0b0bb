"""Whatever is typed into any form, as long as it may be: an answer soon, in words, and no failure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from lxml import html

from interagency.matrix.activities.filters import NAMES
from interagency.text.lines import MAX_LINE_LENGTH, MAX_LINES
from tests.attack.conftest import INPUTS, World
from tests.attack.growth import PUMPS, TooSlow, processor_seconds
from tests.attack.test_fuzz import MORE_NAMES
from tests.helpers import ACTIVITY, EVENT, Browser, errors_of

SIGNS = 16_000
QUERY_SIGNS = 1_300  # of the three that stand in one address
SECONDS = 2.0
TYPED = ("text", "search", "url", "email", "tel", "", None)
LEFT_OUT = ("/sign-out", "/account/password")
# A long body that the client made waits in a file, which it leaves to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
# `make attack` sends all of them everywhere.
EVERYTHING = INPUTS > 10
Form = tuple[str, str, list[tuple[str, str]], list[str]]


def some_pumps(first: int, most: int) -> list[str]:
    """`most` of the texts to repeat, spread over all from the place `first` on; all where everything is wanted."""
    pumps = list(PUMPS.values())
    most = len(pumps) if EVERYTHING else most
    return [pumps[(first + place * len(pumps) // most) % len(pumps)] for place in range(most)]


def forms_of(page: str, address: str) -> Iterator[Form]:
    """Of each form with something to type in, once for each of its buttons: method, address, what is sent as it
    stands, and the names of what is typed."""
    for form in html.fromstring(page).forms if page.strip() else []:
        typed = [
            one.name
            for one in form.xpath(".//input|.//textarea")
            if one.name and (one.tag == "textarea" or one.get("type") in TYPED)
        ]
        if typed and urlsplit(form.action or address).path not in LEFT_OUT:
            buttons = [(one.get("name"), one.get("value", "")) for one in form.xpath(".//button[@name]")]
            for button in buttons or [None]:
                yield form.method.lower(), form.action or address, form.form_values() + [button] * bool(button), typed


def sent(browser: Browser, form: Form, text: str) -> str:
    """What is wrong with the answer to a form with `text` in every field that is typed; '' where nothing is."""
    method, address, values, typed = form
    data: dict[str, list[Any]] = {}
    for name, value in values:
        data.setdefault(name, []).append(value)
    data |= {name: [text.encode("utf-8", "surrogatepass")] for name in typed}
    begun = time.process_time()
    try:
        with processor_seconds(SECONDS):
            if method == "post":
                answer = browser.client.post(address, data=data, content_type="multipart/form-data")
            else:
                answer = browser.get(f"{urlsplit(address).path}?{urlencode(data, doseq=True)}")
    except TooSlow:
        return f"{address}: too slow"
    answer.close()
    took = time.process_time() - begun
    return "" if answer.status_code < 500 and took < SECONDS else f"{address}: {answer.status_code} after {took:.1f} s"


def _forms(world: World, browser: Browser) -> list[Form]:
    found: dict[Any, Form] = {}
    for rule in world.rules("GET"):
        address = world.address(rule)
        answer = browser.get(address)
        if answer.mimetype == "text/html":
            for form in forms_of(answer.text, address):
                found.setdefault((form[0], urlsplit(form[1]).path, tuple(form[2][-1:]), tuple(form[3])), form)
        answer.close()
    return list(found.values())


@pytest.mark.parametrize("name", ["undp", "coordinator", "admin"])
def test_every_form_answers_soon_with_long_texts(world: World, name: str) -> None:
    browser = world.enter(name)
    forms = _forms(world, browser)
    assert len(forms) > 10
    wrong = []
    for number, form in enumerate(forms):
        for pump in some_pumps(number, 1):
            signs = SIGNS if form[0] == "post" else QUERY_SIGNS
            if problem := sent(browser, form, pump * (signs // len(pump)) + "!"):
                wrong.append(f"{problem}, {pump!r}")
    assert wrong == []


@pytest.mark.parametrize(("address", "record"), [("/activities/new", ACTIVITY), ("/events/new", EVENT)])
def test_every_field_of_a_record_answers_soon_with_each_text(
    world: World, address: str, record: dict[str, Any]
) -> None:
    browser = world.enter("who")
    token = browser.token(address)
    values = [(name, one) for name, value in record.items() for one in ([value] if isinstance(value, str) else value)]
    typed = next(form[3] for form in forms_of(browser.get(address).text, address) if "title" in form[3])
    assert len(typed) > 12
    wrong = []
    for pump in some_pumps(0, 12):
        form: Form = ("post", address, [*values, ("csrf_token", token)], typed)
        if problem := sent(browser, form, pump * (SIGNS // len(pump)) + "!"):
            wrong.append(f"{problem}, {pump!r}")
    assert wrong == []


def test_every_list_answers_soon_under_long_filters(world: World) -> None:
    browser = world.enter("coordinator")
    names, wrong = [*NAMES, *MORE_NAMES, "segments", "timezone", "repeat_until", "title"], []
    for number, rule in enumerate(world.rules("GET")):
        for step, pump in enumerate(some_pumps(number, 1)):
            typed = [names[(number + place * 11 + step) % len(names)] for place in range(3)]
            if problem := sent(browser, ("get", world.address(rule), [], typed), pump * (QUERY_SIGNS // len(pump))):
                wrong.append(f"{problem}, {typed}: {pump!r}")
    assert wrong == []


@pytest.mark.parametrize(
    ("address", "field", "text"),
    [
        ("/events/new", "segments", "," * SIGNS),
        ("/events/new", "links", "a" + " " * SIGNS + "b"),
        ("/events/new", "documents", "a" + " " * SIGNS + "b"),
        ("/events/new", "days", "26 September 2017:" + " " * SIGNS + "x"),
        ("/activities/new", "figures", "1" + " " * SIGNS + "a"),
        ("/activities/new", "hosts", "a" * (MAX_LINE_LENGTH + 1)),
    ],
)
def test_a_line_too_long_is_refused_at_its_field_and_kept(world: World, address: str, field: str, text: str) -> None:
    browser = world.enter("who")
    record = EVENT if "event" in address else ACTIVITY
    answer = browser.send(address, {**record, field: text})
    assert answer.status_code == 422
    assert any(f"longer than {MAX_LINE_LENGTH:,} characters" in error for error in errors_of(answer))
    assert html.fromstring(answer.text).xpath("string(//textarea[@name=$name])", name=field).strip() == text.strip()


def test_too_many_lines_are_refused_at_their_field_and_kept(world: World) -> None:
    browser = world.enter("who")
    text = "\n".join(f"page: https://example.org/{number}" for number in range(MAX_LINES + 1))
    answer = browser.send("/events/new", {**EVENT, "links": text})
    assert answer.status_code == 422
    assert any(f"up to {MAX_LINES} are taken" in error for error in errors_of(answer))
    assert text in html.fromstring(answer.text).xpath("string(//textarea[@name='links'])").replace("\r\n", "\n")
