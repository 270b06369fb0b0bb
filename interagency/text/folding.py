"""Folding of words: what makes `Cote d'Ivoire` find `Côte d’Ivoire`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from flask_babel import gettext as _

from interagency.text.languages import commas

# What people's keyboards and word processors put for the same sign.
_SAME_SIGN = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "–": "-", "—": "-", "‑": "-", "ı": "i"})
# Arabic letters that people write for each other (the marks on others go with the accents), and signs that show
# nothing: the stretching of a word, marks of direction, joiners, soft hyphens.
_SAME_LETTER = str.maketrans(
    {"ة": "ه", "ى": "ي", "ٱ": "ا", "ی": "ي", "ک": "ك"}
    | dict.fromkeys(
        map(chr, (0x640, 0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A))), ""
    )
)
_CODE = re.compile(r"\b(\d|i{1,3}|iv|vi{0,2}|v)\s*\(\s*([a-z])\s*\)")
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7"}
_NOT_WORD = re.compile(r"[^\w]+")
# Chinese and Japanese are written without spaces: each sign is a word, so that any part of a name is found.
_SIGN = re.compile("([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd])")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_BREAKS = re.compile("\r\n|\r|\x85|\u2028|\u2029")
# All that `clean` takes out or changes within a text; white space at its ends is looked at apart.
NOT_CLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
WHOLE_WORD_UP_TO = 3  # `WHO` must not find `whole`
MAX_WORD_LENGTH = 60  # what follows is cut off, in texts and queries alike; the databases' indexes have limits
MAX_WORDS = 20  # of a query


class _Folded(dict[int, str]):
    """What each sign is folded to, worked out when it is first met.

    Sign by sign, since `normalize` sorts the accents of one letter: ten thousand of them take it seconds.
    """

    def __missing__(self, code: int) -> str:
        # Folded twice: taking a sign apart can give a capital (`㏗` is pH).
        plain = unicodedata.normalize("NFKD", chr(code).translate(_SAME_SIGN).casefold()).casefold()
        bare = "".join(sign for sign in plain if not unicodedata.combining(sign)).translate(_SAME_LETTER)
        self[code] = "".join(str(unicodedata.decimal(sign, sign)) for sign in bare)
        return self[code]


_FOLDED = _Folded()


def fold(text: str) -> str:
    """`text` without case, accents, typographic variants and what Arabic and Russian letters differ by for people
    (`ё`, `أ`, `ة`), with European digits: what is compared when names are looked up."""
    if text.isascii():  # most texts: nothing to take apart
        return " ".join(text.replace("`", "'").casefold().split())
    return " ".join(text.translate(_FOLDED).split())


def name_key(text: str) -> str:
    """What two spellings of one name have in common (`UN Women`, `UN-Women`): folded, without punctuation and a
    leading article."""
    words = _NOT_WORD.sub(" ", fold(text).replace("'", "")).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def folded_words(text: str) -> list[str]:
    """The words of `text`, folded; recommendation codes as one word (`1 (p)` and `I(p)` become `1p`)."""
    plain = _CODE.sub(lambda m: f" {_ROMAN.get(m[1], m[1])}{m[2]} ", fold(text))
    plain = _SIGN.sub(r" \1 ", plain.replace("'", " "))
    return [word[:MAX_WORD_LENGTH] for word in _NOT_WORD.split(plain) if word]


def search_text(*parts: str | None) -> str:
    """The text a record is searched by: its folded words once each, between spaces."""
    words = dict.fromkeys(word for part in parts if part for word in folded_words(part))
    return f" {' '.join(words)} "


def search_terms(query: str, *, typing: bool = False) -> tuple[str, ...]:
    """What `query` looks for: `who` for that whole word, `trai*` for words that begin so. A record must hold all.

    Words of up to three letters are whole words, longer ones beginnings; while somebody is `typing`, the last
    one is a beginning whatever its length.
    """
    words = list(dict.fromkeys(folded_words(query)))[:MAX_WORDS]
    terms = [word if len(word) <= WHOLE_WORD_UP_TO else f"{word}*" for word in words]
    if typing and terms:
        terms[-1] = f"{words[-1]}*"
    return tuple(terms)


def is_found(term: str, words: Iterable[str]) -> bool:
    """Whether one of the folded `words` is what `term` looks for."""
    if term.endswith("*"):
        return any(word.startswith(term[:-1]) for word in words)
    return term in words


def clean(text: str, *, lines: bool = True) -> str:
    """What was typed, fit to keep: no control characters or half characters, one kind of line break.

    With `lines=False` line breaks become spaces. Right-to-left marks and emoji stay.
    """
    if NOT_CLEAN.search(text):
        text = _LINE_BREAKS.sub("\n", text)
        text = _FORBIDDEN.sub("", text)
    if not lines:
        text = " ".join(text.split())
    return text.strip()


def listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them: `UNDP`, `UNDP and WHO`, `UNDP, UNICEF and WHO`; empty without any."""
    *others, last = [*names] or [""]
    return str(_("%(names)s and %(last)s", names=commas(others), last=last)) if others else last
