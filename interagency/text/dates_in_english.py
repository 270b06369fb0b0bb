"""Dates typed in Arabic, Chinese, French, Russian or Spanish, put as English has them, for the one reader of dates."""

from __future__ import annotations

import re
import unicodedata
from functools import partial

from interagency.text.date_words import WORDS

MAX_TEXT = 600
_ENGLISH = WORDS["en"].months
# Spellings beside those of the table: other Arabic names, ordinals as figures.
_OTHER_MONTHS = {"يونيو": 6, "يوليو": 7, "septiembre": 9, "setiembre": 9, "sep": 9}
_OTHER_ORDINALS = {
    "premier": "1er", "deuxième": "2e", "second": "2e", "troisième": "3e", "quatrième": "4e",
    "primer": "1er", "segundo": "2o", "tercer": "3er", "cuarto": "4o",
    "первый": "1-й", "второй": "2-й", "третий": "3-й", "четвертый": "4-й", "первое": "1-е", "второе": "2-е",
}  # fmt: skip
_OTHER_PARTS = {
    "comienzos de {y}": "early {y}",
    "fines de {y}": "late {y}",
    "{y}年末": "late {y}",
    "{y}年中": "mid {y}",
}
_SIGNS = str.maketrans({"،": ",", "؛": ";", "、": ",", "～": "–", "~": "–", "’": "'"})


def plain(text: str) -> str:
    """`text` without case and accents, the marks on Arabic and Russian letters too."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in folded if not unicodedata.combining(sign))


def _month_names() -> dict[str, int]:
    """Every name of a month in the other five languages, without accents."""
    names = {}
    for code, words in WORDS.items():
        if code not in ("en", "zh"):
            for row in (words.months, words.months_alone, words.short_months):
                for number, name in enumerate(row, 1):
                    for one in (name, *name.split("/")):
                        names[plain(one).rstrip(".")] = number
    return names | _OTHER_MONTHS


_MONTHS = _month_names()
_WEEKDAYS = {
    plain(name): english
    for code, words in WORDS.items()
    if code != "en"
    for name, english in zip(words.weekdays, WORDS["en"].weekdays, strict=True)
}


def _any_of(names: dict[str, str] | dict[str, int]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


# Words between the parts of a date that say nothing: `15 de junio de 2016`, `июнь 2016 года`, `عام 2016`.
_FILLERS = re.compile(
    r"(?<=\d) ?(?:года|год|годы|годов|гг?\.?)(?![^\W\d_])|(?<![^\W\d_])(?:de|del|d'|من عام|من سنة|عام|سنة) ?(?=\d)"
)
_OF = re.compile(rf"(?<=\d) de (?={_any_of(_MONTHS)})|(?<=[\d ])d'(?={_any_of(_MONTHS)})")
_MONTH = re.compile(rf"(?<![^\W\d_])({_any_of(_MONTHS)})(?![^\W\d_])\.?")
_WEEKDAY = re.compile(rf"(?<![^\W\d_])({_any_of(_WEEKDAYS)})(?![^\W\d_])")
_FROM_TO = re.compile(r"(?:du|del|с|من) (\d[^:]{0,80}?) (?:au|al|по|до|الي|إلى|الى) (\d[^:]{0,80})")
_FIRST = re.compile(r"(?<!\w)1er(?= ?[–-]| [^\W\d])")
_CHINESE_DAYS = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]?[至到–-](\d{1,2})[日号]")
_CHINESE_DAYS_OF_TWO_MONTHS = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号][至到–-](\d{1,2})月(\d{1,2})[日号]")
_CHINESE_YEARS = re.compile(r"(\d{4})年?[至到](\d{4})年(?!\d)")
_CHINESE_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]")
_CHINESE_MONTH = re.compile(r"(\d{4})年(\d{1,2})月")
_CHINESE_YEAR = re.compile(r"(\d{4})年")
_CHINESE_DAY_OF_YEAR = re.compile(r"(\d{1,2})月(\d{1,2})[日号]")
# How English has each, {m} before the number of a month.
_CHINESE = (
    (_CHINESE_DAYS, "{3}–{4} {m2} {1}"),
    (_CHINESE_DAYS_OF_TWO_MONTHS, "{3} {m2} – {5} {m4} {1}"),
    (_CHINESE_YEARS, "{1}–{2}"),
    (_CHINESE_DAY, "{3} {m2} {1}"),
    (_CHINESE_MONTH, "{m2} {1}"),
    (_CHINESE_YEAR, "{1}"),
    (_CHINESE_DAY_OF_YEAR, "{2} {m1}"),
)


def _without_fillers(text: str) -> str:
    return " ".join(_FILLERS.sub(" ", text).split())


def _parts() -> dict[str, str]:
    """Each part of a year as the other languages say it, and the code that English readers know it by."""
    said = dict(_OTHER_PARTS)
    for code, words in WORDS.items():
        for part, phrase in words.parts.items() if code != "en" else ():
            said[phrase] = f"{part} {{y}}"
            for word, figure in _OTHER_ORDINALS.items():
                said.setdefault(phrase.replace(word, figure), f"{part} {{y}}")
    return {
        _without_fillers(plain(phrase).replace("{y}", "2000")).replace("2000", "{y}"): said[phrase] for phrase in said
    }


_PARTS = _parts()
_ANY_PART = "|".join(
    (r"(?<!\d)" if phrase.startswith("{") else r"(?<![^\W\d_])") + re.escape(phrase).replace(r"\{y\}", r"\d{4}")
    for phrase in sorted(_PARTS, key=len, reverse=True)
)
_PART = re.compile(_ANY_PART)
_FOUR = re.compile(r"\d{4}")


def in_english(text: str) -> str:
    """`text` with the dates in it as English has them: `juin 2016` as `june 2016`, `2017年9月26日至29日` as `26–29
    September 2017`. As it was where no word of another language is in it.
    """
    if len(text) > MAX_TEXT:
        return text
    before = plain(unicodedata.normalize("NFKC", text)).translate(_SIGNS)
    before = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in before)
    found = _without_fillers(_FROM_TO.sub(r"\1 – \2", before))
    found = _PART.sub(_part, found)
    if "年" in found or "月" in found:
        for pattern, english in _CHINESE:
            found = pattern.sub(partial(_chinese, english), found)
    found = found.replace("至", " – ").replace("到", " – ")
    found = _FIRST.sub("1", _OF.sub(" ", found))
    found = _MONTH.sub(lambda match: _ENGLISH[_MONTHS[match[1]] - 1], found)
    found = _WEEKDAY.sub(lambda match: _WEEKDAYS[match[1]], found)
    return text if found == " ".join(before.split()) else found


def _part(match: re.Match[str]) -> str:
    year = _FOUR.findall(match[0])[0]
    return _PARTS[match[0].replace(year, "{y}", 1)].replace("{y}", year)


def _chinese(english: str, match: re.Match[str]) -> str:
    values = ["", *match.groups()]
    months = {
        f"m{place}": _ENGLISH[int(value) - 1] if len(value) < 3 and 1 <= int(value) <= 12 else f"month {value}"
        for place, value in enumerate(values[1:], 1)
    }
    return english.format(*values, **months)
