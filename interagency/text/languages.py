"""The six languages of the United Nations: their codes, own names and directions, and which one a browser asks for."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

MAX_HEADER = 400  # signs of an Accept-Language that are read


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its ISO 639-1 code, its name in itself, and `ltr` or `rtl`."""

    code: str
    own_name: str
    direction: str = "ltr"


# In the order of the United Nations.
LANGUAGES = (
    Language("ar", "العربية", "rtl"),
    Language("zh", "中文"),
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
