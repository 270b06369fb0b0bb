"""The official texts of the recommendations are read out of the resolution, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from docx import Document
from flask import Flask

from interagency.cli import main
from interagency.matrix.framework.resolution import COUNTS, TextNotRead, read_resolution, recommendations_in
from interagency.matrix.framework.texts import official_texts
from tests.helpers import Browser, text_of

Letters = Callable[[int], str]
ARABIC = "أبجدهوزحطيكلمنسعفصقرشتثخذ"
CYRILLIC = "абвгдежзиклмнопрстуфхцчшщ"
SPANISH = "abcdefghijklmnñopqrstuvwxyz"


def edition(letter: Letters, end: str = ";", *, apart: str = " ") -> Iterator[str]:
    """The lines of an edition: lists of other lines before, headings between, an end after."""
    texts = iter(official_texts().values())
    yield from ("Resolution S-30/1", f"{letter(0)}{apart}A list of the preamble;", f"{letter(1)}{apart}Its end.")
    for chapter, count in enumerate(COUNTS, start=1):
        yield f"{chapter}. We reiterate our commitment and recommend the following measures:"
        for place in range(count):
            if place == 8:
                yield "Treatment of drug use disorders"
            yield f"{letter(place)}{apart}{next(texts).rstrip(';.')}{end if place < count - 1 else '.'}"
    yield "We resolve to take the steps necessary."


EDITIONS: dict[str, tuple[Letters, str]] = {
    "English": (lambda place: f"({chr(97 + place)})", ";"),
    "French": (lambda place: f"{chr(97 + place)})", " ;"),
    "Spanish with its own letter": (lambda place: f"{SPANISH[place]})", ";"),
    "Russian in its own letters": (lambda place: f"{CYRILLIC[place]})", ";"),
    "Russian with letters that look Latin": (lambda place: f"{chr(97 + place)})".translate({97: "а", 99: "с"}), ";"),
    "Chinese": (lambda place: f"（{chr(97 + place)}）", "；"),
    "Arabic": (lambda place: f"({ARABIC[place]})", "؛"),
    "footnotes": (lambda place: f"({chr(97 + place)})", ";12"),
}


@pytest.mark.parametrize("name", EDITIONS)
def test_the_letters_of_each_edition_are_understood(name: str) -> None:
    letter, end = EDITIONS[name]
    expected = {code: text.rstrip(";.") for code, text in official_texts().items()}
    found = recommendations_in(edition(letter, end))
    assert {code: text.rstrip(" ;.；؛") for code, text in found.items()} == expected
    document = Document()
    for line in edition(letter, end, apart="\t"):
        document.add_paragraph(line)
    body = io.BytesIO()
    document.save(body)
    assert list(read_resolution(body.getvalue(), "S-30-1.DOCX")) == list(expected)


def test_lines_that_were_broken_are_joined() -> None:
    whole = list(edition(EDITIONS["English"][0]))
    broken = [part for line in whole for part in (line[:60], line[60:]) if part.strip()]
    assert recommendations_in(broken)["1(a)"].startswith("Take effective and practical primary prevention measures")
    assert len(recommendations_in(broken)) == 103


@pytest.mark.parametrize(
    ("body", "name", "words"),
    [
        (b"", "empty.txt", "found were none"),
        ("\n".join(list(edition(EDITIONS["English"][0]))[:60]).encode(), "cut.txt", "18-7-21-15-25-5-12"),
        ("\n".join(edition(EDITIONS["Arabic"][0])).encode("utf-16"), "wrong.txt", "UTF-8"),
        (b"PK not a package", "broken.docx", "no Word document"),
        (b"a" * 20_000_001, "large.txt", "larger than 20 MB"),
    ],
)
def test_what_is_not_whole_is_refused_in_words(body: bytes, name: str, words: str) -> None:
    with pytest.raises(TextNotRead, match=words):
        read_resolution(body, name)


@pytest.mark.one_database
def test_the_command_keeps_them_and_the_page_shows_them(
    sqlite_app: Flask, enter_sqlite: Callable[[str | None], Browser], tmp_path: Path, monkeypatch: Any
) -> None:
    file = tmp_path / "S-30-1-F.txt"
    file.write_text(
        "\n".join(edition(EDITIONS["French"][0])).replace("Take effective", "Prendre, efficacement"), "utf-8"
    )
    settings = sqlite_app.extensions["interagency_settings"]
    monkeypatch.setenv("INTERAGENCY_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "k" * 40)
    runner = CliRunner()
    for _again in range(2):
        done = runner.invoke(main, ["framework", "texts", "fr", str(file)])
        assert (done.exit_code, done.output.strip()) == (0, "103 recommendations in fr: official")
    refused = runner.invoke(main, ["framework", "texts", "fr", str(tmp_path / "S-30-1-F.txt"), "more"])
    assert refused.exit_code == 2
    (tmp_path / "other.txt").write_text("(a) One;\n(b) Two.", "utf-8")
    refused = runner.invoke(main, ["framework", "texts", "es", str(tmp_path / "other.txt")])
    assert refused.exit_code == 1
    assert "does not hold the 103 recommendations" in refused.output
    reader = enter_sqlite("reader")
    assert "Take effective" in text_of(reader.get("/recommendations/1(a)"))
    shown = reader.client.get("/recommendations/1(a)", headers={"Accept-Language": "fr"})
    assert "Prendre, efficacement" in shown.text
    assert '<blockquote lang="fr"' in shown.text
