"""What a mail says, and how it is written as text and as HTML that mail programs show alike, by day and by night."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from flask_babel import force_locale, ngettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from interagency.text.languages import BY_CODE, DEFAULT
from interagency.web.context import viewer_language

# Gmail shows no more of a mail than 102 kB of HTML.
MAX_HTML_BYTES = 100_000


def spoken() -> str:
    """The code of the language that is spoken now: of the page that writes, or of `outbox.in_language`."""
    return viewer_language().code


class MailKind(enum.StrEnum):
    """What a mail is about. All but the digest, which holds several, can be silenced each by itself."""

    DIGEST = "digest"

    DUE = "due"
    WAITING = "waiting"
    CHANGES = "changes"
    REMARKS = "remarks"
    EVENTS = "events"
    NOTICES = "notices"


KIND_LABELS = {
    MailKind.DUE: _l("What is due"),
    MailKind.WAITING: _l("What waits for you"),
    MailKind.CHANGES: _l("What changed"),
    MailKind.REMARKS: _l("Remarks"),
    MailKind.EVENTS: _l("Events"),
    MailKind.NOTICES: _l("Letters and editions"),
}


@dataclass(frozen=True, slots=True)
class MailLine:
    """One line of a section: what it is about, with its page, and what is said of it."""

    title: str
    link: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class MailSection:
    """Lines under a heading. `more`: how many there are that are not listed."""

    kind: MailKind
    heading: str
    lines: tuple[MailLine, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class MailContent:
    """What a message says: a subject, paragraphs, one link to act on, and sections with links of their own.

    `language` is the reader's, for the words that every mail has.
    """

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    link: str = ""
    link_label: str = ""
    closing: str = ""
    sections: tuple[MailSection, ...] = ()
    # An iCalendar object that goes along and its METHOD (RFC 6047), and the address it is from instead of the usual.
    calendar: str = ""
    calendar_method: str = ""
    from_address: str = ""
    language: str = field(default_factory=spoken)

    def text(self, footer: Sequence[tuple[str, str]] = ()) -> str:
        """As plain text. `footer`: words and their addresses, below everything."""
        parts = [part for part in (self.greeting, *self.paragraphs) if part]
        if self.link:
            parts.append(f"{self.link_label}:\n{self.link}")
        with force_locale(self.language or DEFAULT):
            parts += [_section_text(section) for section in self.sections]
        if self.closing:
            parts.append(self.closing)
        if footer:
            parts.append("-- \n" + "\n".join(f"{words}: {address}" for words, address in footer))
        return "\n\n".join(parts) + "\n"

    def html(self, footer: Sequence[tuple[str, str]] = ()) -> str:
        """As HTML, for readers that prefer it; lines are left out where a mail program would cut it off."""
        for most in (10_000, 60, 25, 10, 3):
            page = self._shortened(most)._html(footer)
            if len(page.encode()) <= MAX_HTML_BYTES:
                break
        return page

    def _shortened(self, most: int) -> MailContent:
        sections = (
            replace(one, lines=one.lines[:most], more=one.more + max(0, len(one.lines) - most)) for one in self.sections
        )
        return replace(self, sections=tuple(sections))

    def _html(self, footer: Sequence[tuple[str, str]]) -> str:
        parts = [_paragraph(part) for part in (self.greeting, *self.paragraphs) if part]
        if self.link:
            parts.append(f'<p><a class="act" href="{escape(self.link)}">{escape(self.link_label)}</a></p>')
        language = self.language or DEFAULT
        with force_locale(language):
            parts += [_section_html(section) for section in self.sections]
        if self.closing:
            parts.append(_paragraph(self.closing))
        if footer:
            links = [f'<a href="{escape(address)}">{escape(words)}</a>' for words, address in footer]
            parts.append(f'<p class="soft foot">{"<br>".join(links)}</p>')
        return html_page(language, parts)


_STYLE = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 16px; background: #ffffff; color: #1b1b1b; font: 16px/1.5 system-ui, sans-serif; }
.page { max-width: 40em; margin: 0 auto; }
h2 { font-size: 17px; line-height: 1.3; margin: 28px 0 8px; padding-top: 12px; border-top: 1px solid #c9cfd4; }
p { margin: 0 0 12px; }
ul { margin: 0 0 12px; padding: 0; list-style: none; }
li { margin: 0 0 10px; }
a { color: #00609a; }
a.act { display: inline-block; margin: 0 8px 8px 0; padding: 10px 16px; }
a.act { background: #00609a; color: #ffffff; text-decoration: none; }
.soft { color: #555f66; font-size: 14px; }
.foot { margin-top: 32px; }
@media (prefers-color-scheme: dark) {
  body { background: #16191c; color: #e8eaec; }
  h2 { border-color: #454c52; }
  a { color: #7cc4f5; }
  a.act { background: #7cc4f5; color: #10171c; }
  .soft { color: #a9b2b9; }
}
"""
_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<style>{style}</style>
</head>
<body>
<div class="page">
{body}
</div>
</body>
</html>
"""


def html_page(language: str, parts: Sequence[str]) -> str:
    """The page of a mail in the language of this code, of `parts` in HTML; nothing is loaded from outside."""
    body, direction = "\n".join(parts), BY_CODE[language].direction
    return _PAGE.format(language=language, direction=direction, style=_STYLE, body=body)


def _paragraph(text: str) -> str:
    return str(Markup("<p>{}</p>").format(text)).replace("\n", "<br>")


def _more(number: int) -> str:
    return str(ngettext("and %(num)s more, on the pages", "and %(num)s more, on the pages", number))


def _section_text(section: MailSection) -> str:
    lines = [section.heading.upper()]
    for one in section.lines:
        lines.append(f"* {one.title}")
        lines += [f"  {part}" for part in (*one.text.split("\n"), one.link) if part]
    if section.more:
        lines.append(_more(section.more))
    return "\n".join(lines)


def _section_html(section: MailSection) -> str:
    items = []
    for one in section.lines:
        title = Markup('<a href="{}"><bdi>{}</bdi></a>').format(one.link, one.title) if one.link else escape(one.title)
        said = Markup('<br><span class="soft" dir="auto">{}</span>').format(one.text) if one.text else ""
        items.append(f"<li>{title}{said}</li>".replace("\n", "<br>"))
    more = Markup('<p class="soft">{}</p>').format(_more(section.more)) if section.more else ""
    return f"<h2>{escape(section.heading)}</h2>\n<ul>\n" + "\n".join(items) + f"\n</ul>\n{more}"


def as_json(content: MailContent) -> dict[str, Any]:
    """The content as the outbox keeps it; `from_json` reads it again."""
    return asdict(content)


def from_json(kept: Mapping[str, Any]) -> MailContent:
    """What `as_json` kept."""
    sections = tuple(
        MailSection(
            MailKind(one["kind"]), one["heading"], tuple(MailLine(**line) for line in one["lines"]), one["more"]
        )
        for one in kept["sections"]
    )
    return MailContent(**{**kept, "paragraphs": tuple(kept["paragraphs"]), "sections": sections})


def bundled(contents: Sequence[tuple[str, MailContent]]) -> MailContent:
    """Several messages to one person as one: what the first says at its head, the others below, each thing once.

    Each comes with its kind. Where a message of its own says what is due, a section that says it again is left out.
    """
    if len(contents) == 1:
        return contents[0][1]
    # Letters before what is gathered in sections, so that the mail is called after what asks for an answer.
    ordered = [content for _kind, content in sorted(contents, key=lambda one: bool(one[1].sections))]
    first = ordered[0]
    own_kinds = {kind for kind, content in contents if not content.sections}
    paragraphs, lines = list(first.paragraphs), dict[tuple[str, str], dict[MailLine, None]]()
    more: dict[tuple[str, str], int] = {}
    closings = [first.closing]
    for content in ordered[1:]:
        if not content.sections:
            paragraphs += [f"— {content.subject} —", *content.paragraphs]
            paragraphs += [f"{content.link_label}: {content.link}"] if content.link else []
        closings.append(content.closing)
    for content in ordered:
        for section in content.sections:
            if section.kind is MailKind.DUE and MailKind.DUE in own_kinds:
                continue
            key = (section.kind.value, section.heading)
            lines.setdefault(key, {}).update(dict.fromkeys(section.lines))
            more[key] = more.get(key, 0) + section.more
    sections = tuple(
        MailSection(MailKind(kind), heading, tuple(some), more[kind, heading])
        for (kind, heading), some in lines.items()
    )
    return replace(
        first,
        paragraphs=tuple(dict.fromkeys(paragraphs)),
        sections=sections,
        closing="\n\n".join(dict.fromkeys(part for part in closings if part)),
    )
