"""Codes, countries and organisations are understood as people write them."""

from __future__ import annotations

import pytest
from flask import Flask

from interagency.db.base import db
from interagency.matrix.agreement.load import load_audiences
from interagency.matrix.framework.load import load_framework
from interagency.matrix.framework.names import NotUnderstood, gazetteer, read_chapter, read_code
from interagency.matrix.organisations.load import load_organisations
from interagency.matrix.organisations.queries import Directory


@pytest.mark.parametrize("text", ["1(i)", "1i", "1 (i)", "I(i)", "1 I", " 1.(i) ", "rec. 1(i)"])
def test_common_spellings_of_a_code(text: str) -> None:
    assert read_code(text) == "1(i)"


def test_letters_are_letters_not_numerals() -> None:
    assert [read_code(text) for text in ("5(v)", "V(v)", "I(i)", "5(x)")] == ["5(v)", "5(v)", "1(i)", "5(x)"]


def test_a_letter_that_is_not_there_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(NotUnderstood, match=r"There is no 1\(s\): chapter I has the letters a to r"):
        read_code("1(s)")
    with pytest.raises(NotUnderstood, match=r"There is no chapter 8.*1\(a\) to 1\(r\).*7\(a\) to 7\(l\)"):
        read_code("8(a)")


@pytest.mark.parametrize("text", ["", "i", "99999999999(a)", "1()", "(a)", "xx(a)"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read_code(text)


def test_chapters_by_number_or_numeral() -> None:
    assert [read_chapter(text) for text in ("4", "IV", "iv")] == [4, 4, 4]
    with pytest.raises(NotUnderstood):
        read_chapter("VIII")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Cote d'Ivoire", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("ivory coast", "CI"),
        ("Bolivia (Plurinational State of)", "BO"),
        ("Congo, Democratic Republic of the", "CD"),
        ("Iran", "IR"),
        ("the Netherlands", "NL"),
        ("Türkiye", "TR"),
        ("ken", "KE"),
    ],
)
def test_countries_by_any_usual_name(sqlite_app: Flask, text: str, code: str) -> None:
    with sqlite_app.app_context():
        assert gazetteer(db.session).country(text) == code


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("DPKO", "dpo"),
        ("DPO", "dpo"),
        ("Department for Peacekeeping Operations", "dpo"),
        ("UN Women", "unwomen"),
        ("UN-Women", "unwomen"),
        ("United Nations Office for West Africa", "unowas"),
        ("European Monitoring Center for Drugs and Drug Addiction", "emcdda"),
        ("United Nations Children’s Fund", "unicef"),
    ],
)
def test_organisations_by_former_names_and_spellings(sqlite_app: Flask, text: str, key: str) -> None:
    with sqlite_app.app_context():
        assert Directory(db.session).find(text).key == key


def test_loading_the_lists_again_changes_nothing(app: Flask) -> None:
    with app.app_context():
        for tally in (*load_framework(db.session), load_organisations(db.session), load_audiences(db.session)):
            assert (tally.added, tally.changed) == (0, 0), tally
