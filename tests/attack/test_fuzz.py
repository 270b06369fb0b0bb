"""Forms, filters and readers of text take anything: they read it or refuse it in words, and never break.

Bounded by default; `make attack` sends more.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from lxml import html
from werkzeug.datastructures import MultiDict

from interagency.calendar.events.lines import read_day, read_link, read_number, read_segment
from interagency.db.base import db
from interagency.exports.incoming.values import CellReader
from interagency.matrix.activities.figures import read_figure
from interagency.matrix.activities.filters import NAMES, read_filters
from interagency.matrix.framework.names import gazetteer, read_chapter, read_code
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean, fold, folded_words
from interagency.text.typed_dates import read_date
from tests.attack.conftest import INPUTS, World
from tests.attack.corpus import mutations

SEEDS = (
    "12 October 2026", "early 2018", "26-29 September 2017", "12 October 2026, 15:00-16:30 Europe/Vienna", "2026-Q3",
    "1(a)", "I(i)", "5 (v)", "about 120 laboratories", "more than 1 500 000 people", "Cote d'Ivoire", "UN-Women",
    "https://example.org/a?b=c", "webcast https://example.org", "2026-10", "III", "3.5", "unodc; who",
)  # fmt: skip
FIELDS = ("title", "status", "lead", "entities", "recommendations", "start", "figures", "sdg", "regions")
# What addresses take beside the filters.
MORE_NAMES = (
    "page", "sort", "rows", "columns", "next", "month", "from", "to", "kind", "audience", "form", "text", "hxl",
    "after", "cycle", "by",
)  # fmt: skip
# Readers of text, and what they may raise: a sentence for whoever typed it.
READERS: dict[str, Callable[[str], Any]] = {
    "dates": read_date,
    "date codes": ImpreciseDate.from_code,
    "segments": read_segment,
    "days": read_day,
    "links": read_link,
    "numbers of records": read_number,
    "codes": read_code,
    "chapters": read_chapter,
    "figures": read_figure,
    "cleaning": clean,
    "folding": fold,
    "words": folded_words,
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_reads_or_says_what_to_write(shared_app: Flask, name: str) -> None:
    chance = random.Random(f"readers {name}")
    with shared_app.test_request_context():
        for text, _number in zip(mutations(SEEDS, chance), range(INPUTS * 5), strict=False):
            try:
                READERS[name](text)
            except ValueError as problem:
                assert str(problem)


def test_names_filters_and_cells_are_read_or_told(shared_app: Flask) -> None:
    chance = random.Random("names")
    with shared_app.test_request_context():
        places, cells = gazetteer(db.session), CellReader(db.session)
        texts = mutations(SEEDS, chance)
        for _number in range(INPUTS):
            text = next(texts)
            for read in (places.country, places.region):
                try:
                    read(text)
                except ValueError as problem:
                    assert str(problem)
            read_filters(db.session, MultiDict([(chance.choice(NAMES), text) for _more in range(3)]))
            for field in FIELDS:
                try:
                    cells.read(field, chance.choice((text, text, text, 1.5, None, True, 10**20)))
                except ValueError as problem:
                    assert str(problem)


def forms_of(page: str, address: str) -> list[tuple[str, str, dict[str, list[str]]]]:
    """`(method, address, fields)` of each form of a page, as a browser would send it."""
    found = []
    for form in html.fromstring(page).forms if page.strip() else []:
        fields: dict[str, list[str]] = {}
        for name, value in form.form_values():
            fields.setdefault(name, []).append(value)
        found.append((form.method.lower(), form.action or address, fields))
    return found


LEFT_OUT = ("/sign-out", "/account/password")


@pytest.mark.parametrize("name", ["who", "coordinator", "admin"])
def test_any_form_of_any_page_with_anything_in_it_is_answered(world: World, name: str) -> None:
    browser = world.enter(name)
    chance = random.Random(f"forms {name}")
    forms = []
    for rule in world.rules("GET"):
        address = world.address(rule)
        answer = browser.get(address)
        if answer.mimetype == "text/html":
            forms += forms_of(answer.text, address)
        answer.close()
    forms = [form for form in forms if urlsplit(form[1]).path not in LEFT_OUT]
    assert len(forms) > 20
    texts, wrong = mutations(SEEDS, chance), []
    for _number in range(INPUTS):
        method, address, fields = chance.choice(forms)
        sent = {key: list(values) for key, values in fields.items()}
        for _step in range(chance.randrange(1, 4)):
            key = chance.choice([key for key in (*sent, "version", "entity", "page", "sort") if key != "csrf_token"])
            sent[key] = [next(texts) for _more in range(chance.randrange(1, 3))]
        answer = (
            browser.client.post(address, data=_bytes(sent))
            if method == "post"
            else browser.get(f"{urlsplit(address).path}?{urlencode(_bytes(sent), doseq=True)}")
        )
        if answer.status_code >= 500:
            wrong.append(
                (address, answer.status_code, {key: value for key, value in sent.items() if value != fields.get(key)})
            )
        answer.close()
    assert wrong == []


def _bytes(fields: dict[str, list[str]]) -> dict[str, list[bytes]]:
    """As bytes on the line: half characters too."""
    return {key: [value.encode("utf-8", "surrogatepass") for value in values] for key, values in fields.items()}


@pytest.mark.parametrize("name", ["who", "coordinator"])
def test_any_query_of_any_page_is_answered(world: World, name: str) -> None:
    browser = world.enter(name)
    chance = random.Random(f"queries {name}")
    names = (*NAMES, *MORE_NAMES)
    rules, texts, wrong = world.rules("GET"), mutations(SEEDS, chance), []
    for _number in range(INPUTS):
        rule = chance.choice(rules)
        query = {chance.choice(names): [next(texts)[:1500]] for _more in range(chance.randrange(1, 4))}
        answer = browser.get(f"{world.address(rule)}?{urlencode(_bytes(query), doseq=True)}")
        if answer.status_code >= 500:
            wrong.append((rule.rule, answer.status_code, query))
        answer.close()
    assert wrong == []
