"""Everything people read passes through gettext: no sentence stands bare in the code, and none is put together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "interagency"
GETTEXT = frozenset(
    ("_", "_l", "gettext", "lazy_gettext", "ngettext", "lazy_ngettext", "pgettext", "lazy_pgettext", "npgettext")
)
# Read by who runs the service, by programs, or by nobody: commands, migrations, settings, logs, the API (docs/api.md).
UNREAD = (
    *(
        "cli/",
        "migrations/",
        "sample/",
        "operations/",
        "db/",
        "settings.py",
        "api/v1/",
        "signatures/",
        "mail/sending.py",
    ),
    *("matrix/pages/style_guide.py", "matrix/framework/load.py", "matrix/framework/resolution.py"),
    # What is raised of codes, editions and tokens that are damaged or meant for somebody else is logged, not shown.
    *("accounts/single_sign_on.py", "matrix/cycles/contents.py", "web/signing.py"),
)
# Exceptions whose text no page shows: of the programming, of other machines' answers, and of damaged files of ours.
UNSHOWN_ERRORS = frozenset(
    (
        "AssertionError",
        "KeyError",
        "LookupError",
        "NotAnAnswer",
        "NotImplementedError",
        "RuntimeError",
        "TypeError",
        "ZoneNotRead",
    )
)
# What goes into a sentence for a reader: arguments by these names, and functions that show their first one.
SHOWN_ARGUMENTS = frozenset(
    (
        "ask",
        "closing",
        "fold",
        "greeting",
        "help",
        "hint",
        "label",
        "link_label",
        "message",
        "note",
        "placeholder",
        "problem",
        "question",
        "reason",
        "refusal",
        "required",
        "subject",
        "why_not",
    )
)
SHOWING = frozenset(("flash", "refuse", "note"))
SHOWN_TARGETS = frozenset(("reason", "notes", "label", "message", "problem", "sentence", "error"))
# A sentence, or several words with a space between; codes, addresses, SQL and regular expressions are none.
_WORDS = re.compile(r"[^\W\d_]{2,}[,;:]? [^\W\d_{}]{2,}|[^\W\d_]{3,}[.?!]$|\{\} [^\W\d_]{2,}|[^\W\d_]{2,} \{\}")
_NO_SENTENCE = re.compile(r"SELECT |UPDATE |LOCK |[\\<]|https?://|^[a-z_/]+[:=]|%s")
# By file and text, each with its reason.
KEPT_IN_ENGLISH = {
    # Kept with the record, and shown by text/kept.py.
    ("matrix/overlaps/merging.py", "Merged into record {}, “{}”."),
    ("matrix/overlaps/merging.py", "Record {}, “{}”, was merged into this one."),
    ("exports/incoming/taking.py", "Import {}"),
    ("exports/incoming/undo.py", "Import {} undone"),
    ("calendar/incoming/applying.py", "Import repeated"),
    ("calendar/incoming/applying.py", "Import undone"),
    # A fault of the programming, or of a fact that no form can write.
    ("matrix/activities/listing.py", "an instant needs a time zone"),
    ("text/dates.py", "not a date code: {}"),
    ("text/dates.py", "{} to {} is not a {}"),
}


def text_of(node: ast.AST) -> str | None:
    """What a literal says, `{}` in the place of each value; None for no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return None


def is_sentence(text: str) -> bool:
    """Whether a literal is something people would read."""
    return bool(_WORDS.search(text)) and not _NO_SENTENCE.search(text)


def name_of(node: ast.AST) -> str:
    """The last name of what is called or written to."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def is_gettext(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and name_of(node.func) in GETTEXT


def literals(node: ast.AST) -> Iterator[ast.AST]:
    """The literals that become part of what `node` says: not those inside calls, but for `str`, nor in conditions."""
    if text_of(node) is not None:
        yield node
    elif isinstance(node, ast.Call) and name_of(node.func) in ("str", "list", "tuple"):
        for one in node.args:
            yield from literals(one)
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.BinOp):
        yield from literals(node.left)
        yield from literals(node.right)
    elif isinstance(node, ast.BoolOp):
        for one in node.values:
            yield from literals(one)
    elif isinstance(node, ast.Tuple | ast.List):
        for one in node.elts:
            yield from literals(one)


def shown(tree: ast.AST) -> Iterator[ast.AST]:
    """What reaches a reader: what is raised, flashed, refused, noted, labelled, or written to what a page shows."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            if name_of(node.exc.func) not in UNSHOWN_ERRORS:
                yield from node.exc.args
        elif isinstance(node, ast.Call):
            if name_of(node.func) in SHOWING:
                yield from node.args[:2]
            elif name_of(node.func) == "append" and name_of(node.func.value) in SHOWN_TARGETS:  # type: ignore[attr-defined]
                yield from node.args
            yield from (one.value for one in node.keywords if one.arg in SHOWN_ARGUMENTS and not is_gettext(node))
        elif isinstance(node, ast.Assign) and any(name_of(target) in SHOWN_TARGETS for target in node.targets):
            yield node.value


def faults(source: str, name: str = "module.py") -> list[str]:
    """What of a module is said past gettext, or put together where a whole sentence belongs."""
    tree, found = ast.parse(source), []
    for node in shown(tree):
        for one in literals(node):
            text = text_of(one) or ""
            if is_sentence(text) and (name, text) not in KEPT_IN_ENGLISH:
                found.append(f"{name}:{one.lineno}: past gettext: {text[:70]}")  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if is_gettext(node):
            for argument in node.args:  # type: ignore[attr-defined]
                if isinstance(argument, ast.JoinedStr | ast.BinOp):
                    found.append(f"{name}:{argument.lineno}: gettext of what is put together")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            if is_gettext(node.left) and is_gettext(node.right):
                found.append(f"{name}:{node.lineno}: two messages are added up")
            elif any(is_gettext(one) for one in (node.left, node.right)):
                other = next(text for one in (node.left, node.right) if (text := text_of(one) or "x"))
                if is_sentence(f"x {other} x"):
                    found.append(f"{name}:{node.lineno}: a message is added to words")
        elif isinstance(node, ast.JoinedStr):
            if any(is_gettext(one.value) for one in node.values if isinstance(one, ast.FormattedValue)):
                found.append(f"{name}:{node.lineno}: a message within an f-string")
    return found


def test_nothing_is_said_past_gettext() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(UNREAD):
            found += faults(path.read_text(encoding="utf-8"), name)
    assert found == []


PLANTED = {
    'raise CycleRefusal("The month is closed.")': "past gettext",
    'raise ValueError(f"The month {month} is closed.")': "past gettext",
    'flash("Nothing was different.", "success")': "past gettext",
    'row.reason = f"There is no record {number}."': "past gettext",
    'row.notes.append("Row 3 repeats the titles.")': "past gettext",
    'StringField(label="Where it is")': "past gettext",
    'MailContent(subject=f"Edition {number} is ready")': "past gettext",
    'x = ValueError; raise x(_("Fine.") if one else "Not so fine.")': "past gettext",
    'x = _(f"The month {month} is closed.")': "put together",
    'x = _("The month " + month)': "put together",
    'x = _("Closed.") + _("Reopen it.")': "added up",
    "x = f\"{_('Closed.')} {_('Reopen it.')}\"": "within an f-string",
}


@pytest.mark.parametrize("source", PLANTED)
def test_what_is_said_past_gettext_is_found(source: str) -> None:
    assert any(PLANTED[source] in line for line in faults(source)), faults(source)
    assert faults('raise CycleRefusal(_("%(month)s is closed.", month=month))') == []
