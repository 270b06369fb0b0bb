"""The catalogues: every message in every language, with the forms, placeholders and markup it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from tests.pseudo import bare, bare_words, pseudo
from tests.tools import translations

MESSAGES = {
    "%(num)s <b>file</b> of %(total)s": ("%(num)s <b>files</b> of %(total)s", "%(num)s <b>dosar</b> / %(total)s"),
    "Save %(name)s": (None, "Guardar %(name)s"),
}
# A scratch catalogue of two messages; each number: which form is asked for.
FORMS = {
    "ar": [0, 1, 2, 3, 10, 11, 99, 100, 102, 103],
    "zh": [0, 1, 7],
    "fr": [0, 1, 2, 1_000_000, 1_000_001],
    "ru": [1, 21, 2, 24, 5, 11, 12, 14, 112, 0],
    "es": [0, 1, 2, 2_000_000],
}
EXPECTED = {
    "ar": [0, 1, 2, 3, 3, 4, 4, 5, 5, 3],
    "zh": [0, 0, 0],
    "fr": [0, 0, 2, 1, 2],
    "ru": [0, 0, 1, 1, 2, 2, 2, 2, 2, 2],
    "es": [2, 0, 2, 1],
}


def template() -> Catalog:
    catalog = Catalog(charset="utf-8")
    for one, (several, _translation) in MESSAGES.items():
        catalog.add((one, several) if several else one)
    return catalog


def scratch(folder: Path, language: str) -> Path:
    """A whole catalogue of the two messages, compiled, in `folder`."""
    made = translations.updated(Catalog(), template(), language)
    for message in made:
        if message.id:
            one = message.id[0] if message.pluralizable else message.id
            words = MESSAGES[one][1]
            message.string = tuple(f"{words} {n}" for n in range(made.num_plurals)) if message.pluralizable else words
    path = folder / language / translations.PO
    path.parent.mkdir(parents=True)
    path.write_bytes(translations.written(made))
    (folder / language / translations.MO).write_bytes(
        translations.compiled(translations.read(path, language), language)
    )
    (folder / translations.TEMPLATE).write_bytes(translations.written(template()))
    return path


def test_the_catalogues_of_the_package_are_whole() -> None:
    if not (translations.FOLDER / translations.TEMPLATE).exists():
        pytest.skip("there is no catalogue yet")
    assert translations.problems(translations.FOLDER, translations.extracted(), translations.TRANSLATED) == []


@pytest.mark.parametrize("language", translations.TRANSLATED)
def test_each_number_takes_the_form_of_its_language(language: str, tmp_path: Path) -> None:
    path = scratch(tmp_path, language)
    assert translations.problems(tmp_path, template(), translations.TRANSLATED) == []
    one, several = next((one, several) for one, (several, _words) in MESSAGES.items() if several)
    from babel.support import Translations

    loaded = Translations.load(str(tmp_path), [language])
    found = [int(loaded.ungettext(one, several, number)[-1]) for number in FORMS[language]]
    assert found == EXPECTED[language]
    assert path.exists()


SPOILED: dict[str, tuple[Callable[[str], str], str]] = {
    "a message less": (lambda po: po.replace('msgstr "Guardar %(name)s"', 'msgstr ""'), "missing: Save"),
    "fuzzy": (
        lambda po: po.replace('#, python-format\nmsgid "Save', '#, fuzzy, python-format\nmsgid "Save'),
        "fuzzy: Save",
    ),
    "a form less": (
        lambda po: po.replace('msgstr[2] "%(num)s <b>dosar</b> / %(total)s 2"', 'msgstr[2] ""'),
        "plural form",
    ),
    "a placeholder": (
        lambda po: po.replace('msgstr "Guardar %(name)s"', 'msgstr "Guardar %(nombre)s"'),
        "a placeholder differs: Save",
    ),
    "a total less": (lambda po: po.replace('/ %(total)s 0"', '0"'), "a placeholder differs"),
    "markup": (
        lambda po: po.replace('msgstr[1] "%(num)s <b>dosar</b>', 'msgstr[1] "%(num)s <i>dosar</i>'),
        "markup differs",
    ),
    "a space": (lambda po: po.replace('"Guardar %(name)s"', '"Guardar %(name)s "'), "a space at an end differs: Save"),
    "a rule": (lambda po: po.replace("n%1000000", "n%1000"), "Plural-Forms"),
    "another message": (lambda po: f'{po}\nmsgid "Gone"\nmsgstr "Ido"\n', "no such message any more: Gone"),
    "compiled before": (lambda po: po.replace("Guardar", "Conservar"), "messages.mo is older"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_what_is_wrong_with_a_catalogue_is_said(how: str, tmp_path: Path) -> None:
    path = scratch(tmp_path, "es")
    spoil, expected = SPOILED[how]
    before = path.read_text(encoding="utf-8")
    assert spoil(before) != before
    path.write_text(spoil(before), encoding="utf-8")
    assert any(expected in line for line in translations.problems(tmp_path, template(), ["es"])), expected


def test_a_stale_template_is_said(tmp_path: Path) -> None:
    scratch(tmp_path, "fr")
    newer = template()
    newer.add("A new message")
    found = translations.problems(tmp_path, newer, ["fr"])
    assert "messages.pot is stale: run `make translations`" in found
    assert "fr: missing: A new message" in found


def test_an_update_keeps_what_is_said_of_the_same_message_and_guesses_nothing(tmp_path: Path) -> None:
    path = scratch(tmp_path, "ru")
    newer = Catalog(charset="utf-8")
    newer.add("Save %(name)s")
    newer.add("Save %(name)s now")
    made = translations.updated(translations.read(path, "ru"), newer, "ru")
    assert {message.id: message.string for message in made if message.id} == {
        "Save %(name)s": "Guardar %(name)s",
        "Save %(name)s now": None,
    }
    assert not [message for message in made if message.id and message.fuzzy]
    again = read_po(translations.written(made).decode().splitlines())
    assert "Save %(name)s now" in again


def test_the_pseudo_language_leaves_placeholders_and_finds_english() -> None:
    assert pseudo("Save %(name)s <b>now</b>") == "⟦Śáṽé %(name)s <b>ńóŵ</b>········⟧"
    assert bare("⟦Śáṽé WHO⟧ Save 1(a) ⟦a ⟦b⟧ c⟧", known=["Save the day"]) == []
    assert bare("⟦Śáṽé⟧ Save now", known=["Save"]) == ["now"]
    page = '<html lang="ar"><p title="of ours">⟦x⟧ <bdi>theirs</bdi> and</p><p dir="auto">theirs</p></html>'
    assert sorted(bare_words(page)) == ["and", "of", "ours"]
