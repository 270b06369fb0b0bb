"""The six languages of the United Nations: their codes, own names and directions, and which one a browser asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import get_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

MAX_HEADER = 400  # signs of an Accept-Language that are read


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its ISO 639-1 code, its name in itself, `ltr` or `rtl`, and what stands between names in a list and
    between parts of a sentence."""

    code: str
    own_name: str
    direction: str = "ltr"
    comma: str = ", "
    semicolon: str = "; "
    pause: str = ", "


# In the order of the United Nations.
LANGUAGES = (
    Language("ar", "العربية", "rtl", "، ", "؛ ", "، "),
    Language("zh", "中文", comma="、", semicolon="；", pause="，"),
    Language("en", "English"),
    Language("fr", "Français"),
    Language("ru", "Русский"),
    Language("es", "Español"),
)
BY_CODE = {language.code: language for language in LANGUAGES}
DEFAULT = "en"


def best_language(accept_language: str) -> str:
    """The code of the first of our languages that an Accept-Language (RFC 9110, 12.5.4) names, by its weights.

    `fr-CH, en;q=0.5` is French, `zh-Hant` Chinese; DEFAULT where none of ours is named.
    """
    for tag, weight in parse_accept_header(accept_language[:MAX_HEADER], LanguageAccept):
        code = tag.replace("_", "-").partition("-")[0].lower()
        if weight > 0 and code in BY_CODE:
            return code
    return DEFAULT


def viewer_language() -> Language:
    """The language that is spoken now: the request's, or that of `force_locale`; English where there is neither."""
    locale = get_locale()
    return BY_CODE.get(locale.language if locale else DEFAULT, BY_CODE[DEFAULT])


def commas(names: Iterable[object]) -> str:
    """Names one after another, `UNDP, WHO`, with the comma of the language that is spoken now."""
    return viewer_language().comma.join(map(str, names))


def semicolons(names: Iterable[object]) -> str:
    """The same with semicolons, for names that may hold a comma."""
    return viewer_language().semicolon.join(map(str, names))
