"""Pages are compressed by the service itself, once, and their headers say the truth about it."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from flask import Flask

from interagency.web.compression import PADDING, gzipped
from tests.helpers import Browser

Enter = Callable[[str | None], Browser]
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_page_is_compressed_for_who_takes_it_and_is_the_same_page(enter_sqlite: Enter) -> None:
    reader = enter_sqlite("reader")
    plain, small = reader.get("/activities"), reader.get("/activities", headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding, Cookie"
    assert int(small.headers["Content-Length"]) == len(small.data) < len(plain.data) / 2
    assert b"Matrix of activities" in gzip.decompress(small.data)


def test_head_says_the_headers_of_get(enter_sqlite: Enter) -> None:
    reader = enter_sqlite("reader")
    head = reader.client.head("/activities", headers=GZIP)
    assert (head.headers["Content-Encoding"], head.data) == ("gzip", b"")
    assert int(head.headers["Content-Length"]) > 1000


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_who_does_not_take_gzip_gets_the_page_as_it_is(enter_sqlite: Enter, accepted: str) -> None:
    page = enter_sqlite("reader").get("/activities", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in page.headers
    assert b"Matrix of activities" in page.data


def test_a_file_keeps_its_condition_though_its_tag_is_weak(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    whole = client.get("/static/base.css", headers=GZIP)
    tag = whole.headers["ETag"]
    assert tag.startswith('W/"')
    assert "Accept-Ranges" not in whole.headers
    assert gzip.decompress(whole.data) == client.get("/static/base.css").data
    again = client.get("/static/base.css", headers={**GZIP, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert "Accept-Encoding" in again.headers["Vary"]
    part = client.get("/static/base.css", headers={**GZIP, "Range": "bytes=0-9"})
    assert "Content-Encoding" not in part.headers
    assert len(part.data) == 10


def test_what_programs_ask_for_is_left_alone(enter_sqlite: Enter) -> None:
    """Its tag is a version, which a program sends back in If-Match: a weak one would be refused."""
    answer = enter_sqlite("reader").get("/api/v1/openapi.json", headers=GZIP)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_the_length_of_the_same_page_differs_from_answer_to_answer(enter_sqlite: Enter) -> None:
    """Who counts bytes on the way learns no letter of the page by having it compressed with his words."""
    reader = enter_sqlite("reader")
    lengths = {len(reader.get("/search?q=treatment", headers=GZIP).data) for _time in range(12)}
    assert len(lengths) > 4
    assert gzip.decompress(gzipped(b"page" * 500, PADDING)) == b"page" * 500
