"""Catalogues of the interface's words: `make translations` extracts, updates, compiles and checks them.

`interagency/translations/messages.pot` holds every message of the package, `<language>/LC_MESSAGES/messages.po` its
translation. A message whose English changed is a new one, without a translation: nothing is guessed from likeness.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from interagency.text.languages import DEFAULT, LANGUAGES

PACKAGE = Path(__file__).parents[2] / "interagency"
FOLDER = PACKAGE / "translations"
TEMPLATE, PO, MO = "messages.pot", "LC_MESSAGES/messages.po", "LC_MESSAGES/messages.mo"
# Which form a whole number takes, by CLDR, whose order of forms it is too: zero, one, two, few, many, other.
PLURALS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
    "zh": "nplurals=1; plural=0;",
    "fr": "nplurals=3; plural=(n==0 || n==1 ? 0 : n%1000000==0 ? 1 : 2);",
    "ru": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);",
    "es": "nplurals=3; plural=(n==1 ? 0 : n!=0 && n%1000000==0 ? 1 : 2);",
}
TRANSLATED = [language.code for language in LANGUAGES if language.code != DEFAULT]
METHODS = [("**/templates/**.html", "jinja2"), ("**/templates/**.svg", "jinja2"), ("**.py", "python")]
KEYWORDS = DEFAULT_KEYWORDS | {
    "_l": None,
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}
NO_DAY = datetime(2016, 4, 19, tzinfo=UTC)
HEADER = "# {title}\n# Working translations of the interagency service. How to mend one: docs/languages.md."
_DATES = re.compile(
    rb'^"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Report-Msgid-Bugs-To|Generated-By'
    rb"|Project-Id-Version|Language-Team): .*\n",
    re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%")
_COUNTS = {"%(num)s", "%(most)s"}  # what counts in the messages of the package
_MARKUP = re.compile(r"</?[a-z][^<>]*>")


def extracted(package: Path = PACKAGE) -> Catalog:
    """Every message of the `package`, with the files it stands in."""
    catalog = Catalog(charset="utf-8", header_comment=HEADER.format(title="Every message in English"))
    options = {
        "**/templates/**.html": {"newstyle_gettext": "true"},
        "**/templates/**.svg": {"newstyle_gettext": "true"},
    }
    for name, _line, ids, comments, context in extract_from_dir(package, METHODS, options, keywords=KEYWORDS):
        catalog.add(ids, None, [(f"interagency/{name}", 1)], auto_comments=comments, context=context)
    return catalog


def written(catalog: Catalog) -> bytes:
    """A catalogue as it is kept: sorted, without line numbers and days, so that it changes only with what it says."""
    file = BytesIO()
    write_po(file, catalog, width=120, sort_output=True, include_lineno=False, ignore_obsolete=True)
    return _DATES.sub(b"", file.getvalue())


def read(path: Path, language: str | None = None) -> Catalog:
    """The catalogue at `path`, with the plural forms of its `language`."""
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(catalog: Catalog, template: Catalog, language: str) -> Catalog:
    """The messages of `template` with the translations that `catalog` has of exactly these."""
    new = Catalog(
        locale=language, charset="utf-8", header_comment=HEADER.format(title=f"Language: {language}"), fuzzy=False
    )
    new._num_plurals, new._plural_expr = _plural_rule(language)
    for message in _messages(template):
        kept = catalog.get(message.id, message.context)
        string = kept.string if kept is not None and not kept.fuzzy else None
        if string is None and message.pluralizable:
            string = ("",) * new.num_plurals
        new.add(
            message.id,
            string,
            message.locations,
            auto_comments=message.auto_comments,
            context=message.context,
            user_comments=kept.user_comments if kept is not None else (),
        )
    return new


def compiled(catalog: Catalog, language: str) -> bytes:
    """The catalogue as programs read it."""
    catalog._num_plurals, catalog._plural_expr = _plural_rule(language)
    catalog.creation_date = catalog.revision_date = NO_DAY  # or each minute would give other bytes
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def problems(folder: Path, template: Catalog, languages: list[str]) -> list[str]:
    """What is wrong with the catalogues in `folder`, one line each; those of `languages` that are not there are passed
    over."""
    found = []
    if not (folder / TEMPLATE).exists() or (folder / TEMPLATE).read_bytes() != written(template):
        found.append(f"{TEMPLATE} is stale: run `make translations`")
    for language in languages:
        path = folder / language / PO
        if not path.exists():
            continue
        catalog = read(path, language)
        rule = PLURALS[language].rstrip(";")
        if rule not in path.read_text(encoding="utf-8"):
            found.append(f"{language}: Plural-Forms is not {rule}")
        found += [f"{language}: {line}" for line in _faults(catalog, template, language)]
        mo = folder / language / MO
        if not mo.exists() or mo.read_bytes() != compiled(catalog, language):
            found.append(f"{language}: messages.mo is older than messages.po")
    return found


def _plural_rule(language: str) -> tuple[int, str]:
    number, rule = re.fullmatch(r"nplurals=(\d); plural=(.+);", PLURALS[language]).groups()  # type: ignore[union-attr]
    return int(number), rule


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def _faults(catalog: Catalog, template: Catalog, language: str) -> Iterator[str]:
    wanted = {(message.id, message.context) for message in _messages(template)}
    for message in _messages(catalog):
        if (message.id, message.context) not in wanted:
            yield f"no such message any more: {_title(message)}"
    for message in _messages(template):
        translated = catalog.get(message.id, message.context)
        if translated is None:
            yield f"missing: {_title(message)}"
        elif translated.fuzzy:
            yield f"fuzzy: {_title(message)}"
        else:
            for fault in _differences(message, translated.string, language):
                yield f"{fault}: {_title(message)}"


def _title(message: Message) -> str:
    return str(message.id[0] if message.pluralizable else message.id)[:80]


def _differences(message: Message, string: str | tuple[str, ...], language: str) -> Iterator[str]:
    """How a translation differs from what the `message` needs."""
    forms = [string] if isinstance(string, str) else [*string]
    if not message.pluralizable:
        if not string:
            yield "missing"
            return
        yield from _form_differences(str(message.id), forms[0], free=frozenset())
        return
    number = _plural_rule(language)[0]
    if len(forms) != number or not all(forms):
        yield "missing plural form"
        return
    one, several = message.id
    # A number may be written as a word, or not at all, where the form itself says it; of nothing there may be nothing
    # more to say; the last form is of any number.
    every = frozenset(_PLACEHOLDER.findall(several))
    free = every - set(_PLACEHOLDER.findall(one)) | _COUNTS
    for place, form in enumerate(forms, 1):
        of_none = place == 1 and language == "ar"
        yield from _form_differences(several, form, free=frozenset() if place == number else every if of_none else free)


def _form_differences(english: str, form: str, *, free: frozenset[str]) -> Iterator[str]:
    wanted, there = (Counter(_PLACEHOLDER.findall(text)) for text in (english, form))
    if {name: n for name, n in wanted.items() if name not in free} != {
        name: n for name, n in there.items() if name not in free
    } or (set(there) - set(wanted)):
        yield "a placeholder differs"
    if Counter(_MARKUP.findall(english)) != Counter(_MARKUP.findall(form)):
        yield "markup differs"
    if (english[:1].isspace(), english[-1:].isspace()) != (form[:1].isspace(), form[-1:].isspace()):
        yield "a space at an end differs"


def main() -> int:
    """Bring every catalogue up to date and say what is missing."""
    template = extracted()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / TEMPLATE).write_bytes(written(template))
    for language in TRANSLATED:
        path = FOLDER / language / PO
        path.parent.mkdir(parents=True, exist_ok=True)
        catalog = updated(read(path, language) if path.exists() else Catalog(), template, language)
        path.write_bytes(written(catalog))
        (FOLDER / language / MO).write_bytes(compiled(read(path, language), language))
    found = problems(FOLDER, template, TRANSLATED)
    print(*found, sep="\n")
    print(f"{len(list(_messages(template)))} messages, {len(TRANSLATED)} languages, {len(found)} to mend")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
