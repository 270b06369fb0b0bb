"""Reading the official text of the recommendations out of the resolution, in any of its languages.

The outcome document (resolution S-30/1, annex) numbers its recommendations by letters within seven paragraphs. Those
letters are Latin in Chinese, English, French, Russian and Spanish (Spanish may count ñ, Russian may use its own), and
those of the abjad in Arabic. A text is taken where exactly 103 come out of it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from interagency.matrix.framework.names import LAST_LETTER
from interagency.text.folding import clean

MAX_SIZE, MAX_UNPACKED = 20_000_000, 100_000_000  # bytes
MAX_LINE = 20_000  # characters
LATIN = "abcdefghijklmnopqrstuvwxyz"
COUNTS = tuple(LATIN.index(letter) + 1 for letter in LAST_LETTER.values())
_ALPHABETS = (
    LATIN,
    "abcdefghijklmnñopqrstuvwxyz",
    "абвгдежзиклмнопрстуфхцчшщэюя",
    "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
)
# Cyrillic letters typed for the Latin ones they look like, forms of Arabic letters.
_LOOK_ALIKE = str.maketrans({"ا": "أ", "إ": "أ", "ى": "ي", "ک": "ك", "ﻫ": "ه", "ة": "ه", "\u0640": None})
_CYRILLIC_AS_LATIN = str.maketrans("асеоріху", "aceopixy")
_LABEL = re.compile(r"^[(（]?\s?([^\W\d_]\u0640?)\s?[)）]\s*(?=\S)")
_END = re.compile(r"[;.；。؛](?:\s?[^\W\d_]{1,3})?\s?\d{0,3}$")

_FOOTNOTE = re.compile(r"(?<=[;.；。؛])\s?\d{1,3}$")


class TextNotRead(ValueError):
    """A file that does not hold the recommendations; the text says what to do."""


def read_resolution(body: bytes, file_name: str) -> dict[str, str]:
    """The text of each of the 103 recommendations by its code, from a .txt (UTF-8) or .docx. Raises TextNotRead."""
    if len(body) > MAX_SIZE:
        raise TextNotRead(f"The file is larger than {MAX_SIZE // 1_000_000} MB. Send the resolution alone.")
    lines = _docx_lines(body) if PurePath(file_name).suffix.lower() == ".docx" else _text_lines(body)
    return recommendations_in(lines)


def recommendations_in(lines: Iterable[str]) -> dict[str, str]:
    """The same from the paragraphs or lines of the document. Raises TextNotRead."""
    known = [line for line in (clean(line, lines=False)[:MAX_LINE] for line in lines) if line]
    best: tuple[int, ...] = ()
    for alphabet in _ALPHABETS:
        runs = list(_runs(known, alphabet))
        counts = tuple(map(len, runs))
        for first in range(len(runs) - len(COUNTS) + 1):
            if counts[first : first + len(COUNTS)] == COUNTS:
                return {
                    f"{chapter}({LATIN[place]})": text
                    for chapter, run in enumerate(runs[first : first + len(COUNTS)], start=1)
                    for place, text in enumerate(run)
                }
        best = max(best, counts, key=sum)
    expected = "-".join(map(str, COUNTS))
    found = "-".join(map(str, best[:20])) or "none"
    raise TextNotRead(
        f"The file does not hold the 103 recommendations: lists of {expected} letters were looked for, found were "
        f"{found}. Send the resolution as the United Nations publishes it, as .docx with typed letters or as text in "
        "UTF-8."
    )


def _runs(lines: list[str], alphabet: str) -> Iterator[list[str]]:
    """The lists of lettered paragraphs, each from the first letter on without a gap.

    A line without the letter that comes next goes on with the paragraph before it until that ends; then it is a
    heading, and left out.
    """
    run: list[str] = []
    for line in lines:
        label = _LABEL.match(line)
        letter = _letter(label[1], alphabet) if label else ""
        text = line[label.end() :] if label else line
        if letter == alphabet[0]:
            if run:
                yield _ended(run)
            run = [text]
        elif run and letter and letter == alphabet[len(run) : len(run) + 1]:
            run.append(text)
        elif run and not _END.search(run[-1]) and len(run[-1]) < MAX_LINE:
            run[-1] = f"{run[-1]} {line}"
    if run:
        yield _ended(run)


def _letter(sign: str, alphabet: str) -> str:
    """A letter as `alphabet` has it; "" for one that it has not."""
    plain = sign.casefold().translate(_LOOK_ALIKE)
    if alphabet.isascii() or "ñ" in alphabet:
        plain = plain.translate(_CYRILLIC_AS_LATIN)
    return plain if len(plain) == 1 and plain in alphabet else ""


def _ended(run: list[str]) -> list[str]:
    """The paragraphs without the numbers of footnotes behind their last sign."""
    return [_FOOTNOTE.sub("", text) for text in run]


def _text_lines(body: bytes) -> list[str]:
    try:
        return body.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise TextNotRead("The file is not text in UTF-8. Save it so, or send the .docx.") from None


def _docx_lines(body: bytes) -> list[str]:
    from docx import Document  # imported here: commands that do not need it start faster

    try:
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            if sum(part.file_size for part in package.infolist()) > MAX_UNPACKED:
                raise TextNotRead("The file unpacks to more than it should. Send the resolution alone.")
        return [paragraph.text.replace("\t", " ") for paragraph in Document(io.BytesIO(body)).paragraphs]
    except (zipfile.BadZipFile, KeyError, ValueError) as problem:
        if isinstance(problem, TextNotRead):
            raise
        raise TextNotRead("The file is no Word document. Save it as .docx, or as text in UTF-8.") from None
