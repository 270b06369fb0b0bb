"""Words of ours that are kept with records: in English, so that they are facts, and shown in the reader's language."""

from __future__ import annotations

import re

from flask_babel import lazy_gettext as _l

from interagency.text.lines import MAX_LINE_LENGTH

_SAID = {
    "command line": _l("command line"),
    "nobody": _l("nobody"),
    "single sign-on": _l("single sign-on"),
    "sample data": _l("sample data"),
    "Import undone": _l("Import undone"),
    "Import repeated": _l("Import repeated"),
}
_IMPORT = re.compile(r"Import (?P<id>\d{1,12})")
_UNDONE = re.compile(r"Import (?P<id>\d{1,12}) undone")
_MERGED_INTO = re.compile(r"Merged into record (?P<id>\d{1,12}), “(?P<title>.*)”\.")
_WAS_MERGED = re.compile(r"Record (?P<id>\d{1,12}), “(?P<title>.*)”, was merged into this one\.")
_SENTENCES = (
    (_IMPORT, _l("Import %(id)s")),
    (_UNDONE, _l("Import %(id)s undone")),
    (_MERGED_INTO, _l("Merged into record %(id)s, “%(title)s”.")),
    (_WAS_MERGED, _l("Record %(id)s, “%(title)s”, was merged into this one.")),
)


def in_readers_words(text: str) -> str:
    """A name or reason as it was kept, in the reader's language where it is one of ours; what people wrote stays.

    `Import 12` is one of ours; how a history names who acted where nobody was signed in is another.
    """
    if text in _SAID:
        return str(_SAID[text])
    if len(text) <= MAX_LINE_LENGTH:
        for pattern, sentence in _SENTENCES:
            if match := pattern.fullmatch(text):
                return str(sentence) % match.groupdict()
    return text
