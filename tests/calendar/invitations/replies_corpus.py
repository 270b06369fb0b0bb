"""Answers as programs write them, after what is published of their forms; the texts are our own.

Each is made for a request as it was sent: its UID, organiser, attendee, version and times.
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that is answered. Times are UTC; `zone` shows them two hours later."""

    uid: str
    organiser: str
    attendee: str = "undp@example.org"
    name: str = "Felix Undp"
    sequence: int = 0
    start: str = "20261012T080000Z"
    end: str = "20261012T093000Z"
    local: str = "20261012T100000"
    local_end: str = "20261012T113000"
    stamp: str = "20260901T091500Z"


Mail = Callable[[Asked], bytes]
LINES = "\r\n"
_NUMBERS = count(1)
WINDOWS_ZONE = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""
IANA_ZONE = WINDOWS_ZONE.replace("W. Europe Standard Time", "Europe/Vienna")


def folded(text: str, *, octets: int = 75) -> bytes:
    """Lines folded by octets, also within a letter, with CRLF."""
    found = []
    for line in text.strip().split("\n"):
        rest = line.encode()
        while len(rest) > octets:
            found.append(rest[:octets])
            rest = b" " + rest[octets:]
        found.append(rest)
    return b"\r\n".join(found) + b"\r\n"


def calendar(product: str, lines: str, *, method: str = "REPLY", zone: str = "") -> str:
    inner = "\n".join(part for part in (zone, "BEGIN:VEVENT", lines.strip(), "END:VEVENT") if part)
    return f"BEGIN:VCALENDAR\nMETHOD:{method}\nPRODID:{product}\nVERSION:2.0\n{inner}\nEND:VCALENDAR\n"


def head(asked: Asked, subject: str, kind: str, **more: str) -> str:
    values = {
        "From": f"{asked.name} <{asked.attendee}>",
        "To": f"WHO <{asked.organiser}>",
        "Subject": subject,
        "Date": "Tue, 01 Sep 2026 09:15:00 +0000",
        "Message-ID": f"<{next(_NUMBERS)}@mail.example.org>",
        "MIME-Version": "1.0",
        "Content-Type": kind,
    } | {name.replace("_", "-"): value for name, value in more.items()}
    return "".join(f"{name}: {value}{LINES}" for name, value in values.items() if value)


def part(kind: str, body: bytes, encoding: str = "base64", **more: str) -> bytes:
    if encoding == "base64":
        body = base64.encodebytes(body).replace(b"\n", b"\r\n")
    elif encoding == "quoted-printable":
        body = quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    lines = {"Content-Type": kind, "Content-Transfer-Encoding": encoding} | {
        name.replace("_", "-"): value for name, value in more.items()
    }
    return "".join(f"{name}: {value}{LINES}" for name, value in lines.items()).encode() + b"\r\n" + body


def of_parts(start: str, boundary: str, *bodies: bytes) -> bytes:
    inside = b"".join(b"\r\n--" + boundary.encode() + b"\r\n" + one for one in bodies)
    return start.encode() + b"\r\n" + inside + b"\r\n--" + boundary.encode() + b"--\r\n"


# --- The programs ---


def exchange(
    asked: Asked, state: str = "ACCEPTED", *, method: str = "REPLY", comment: str = "\\n", extra: str = "", **more: str
) -> bytes:
    """Exchange Online, from Outlook on the web and the new Outlook: no ORGANIZER, Windows names of zones."""
    text = calendar(
        "Microsoft Exchange Server 2010",
        f"""
ATTENDEE;PARTSTAT={state};CN={asked.name}:mailto:{asked.attendee}
COMMENT;LANGUAGE=en-GB:{comment}
UID:{asked.uid}
SUMMARY;LANGUAGE=en-GB:{state.capitalize()}: Expert meeting
DTSTART;TZID=W. Europe Standard Time:{asked.local}
DTEND;TZID=W. Europe Standard Time:{asked.local_end}
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:{asked.stamp}
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:{asked.sequence}
LOCATION;LANGUAGE=en-GB:Vienna
X-MICROSOFT-CDO-APPT-SEQUENCE:{asked.sequence}
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY
X-MICROSOFT-CDO-ALLDAYEVENT:FALSE
X-MICROSOFT-CDO-IMPORTANCE:1
X-MICROSOFT-CDO-INSTTYPE:0
X-MICROSOFT-DISALLOW-COUNTER:FALSE
{extra}""",
        method=method,
        zone=WINDOWS_ZONE,
    )
    start = head(
        asked,
        f"{state.capitalize()}: Expert meeting",
        'multipart/alternative; boundary="_000_ABC_"',
        X_MS_Exchange_Calendar_Originator_Id="",
        Thread_Topic="Expert meeting",
        **more,
    )
    return of_parts(
        start,
        "_000_ABC_",
        part('text/plain; charset="iso-8859-1"', b"\r\n", "quoted-printable"),
        part('text/html; charset="iso-8859-1"', b"<html><body></body></html>", "quoted-printable"),
        part(f'text/calendar; charset="utf-8"; method={method}', folded(text)),
    )


def outlook(asked: Asked, state: str = "ACCEPTED", *, method: str = "REPLY", extra: str = "") -> bytes:
    """Outlook on the desktop through a plain mail server: one part, capitals in MAILTO, times in UTC."""
    text = calendar(
        "-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN",
        f"""
ATTENDEE;PARTSTAT={state}:MAILTO:{asked.attendee}
CLASS:PUBLIC
CREATED:{asked.stamp}
DESCRIPTION:\\n
DTEND:{asked.end}
DTSTAMP:{asked.stamp}
DTSTART:{asked.start}
LAST-MODIFIED:{asked.stamp}
LOCATION:Vienna
ORGANIZER;CN="WHO":MAILTO:{asked.organiser}
PRIORITY:5
SEQUENCE:{asked.sequence}
SUMMARY;LANGUAGE=de-at:Zugesagt: Expert meeting
TRANSP:OPAQUE
UID:{asked.uid}
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
X-MICROSOFT-CDO-IMPORTANCE:1
X-MS-OLK-CONFTYPE:0
{extra}""",
        method=method,
    )
    kind = f'text/calendar; charset="utf-8"; method={method}; name="meeting.ics"'
    start = head(
        asked, "Zugesagt: Expert meeting", kind, Content_Transfer_Encoding="quoted-printable", X_Mailer="Outlook 16.0"
    )
    return start.encode() + b"\r\n" + quopri.encodestring(folded(text).replace(b"\r\n", b"\n"))


def google(
    asked: Asked, state: str = "ACCEPTED", *, method: str = "REPLY", comment: str = "", extra: str = "", **more: str
) -> bytes:
    """Google Calendar: shown and attached, times in UTC."""
    text = calendar(
        "-//Google Inc//Google Calendar 70.9054//EN",
        f"""
DTSTART:{asked.start}
DTEND:{asked.end}
DTSTAMP:{asked.stamp}
ORGANIZER;CN=WHO:mailto:{asked.organiser}
UID:{asked.uid}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={state};CN={asked.name};X-NUM-GUESTS=0:mailto:{asked.attendee}
{f"COMMENT:{comment}" if comment else "X-MICROSOFT-CDO-OWNERAPPTID:1318712345"}
CREATED:{asked.stamp}
DESCRIPTION:Organised by WHO
LAST-MODIFIED:{asked.stamp}
LOCATION:Vienna
SEQUENCE:{asked.sequence}
STATUS:CONFIRMED
SUMMARY:Expert meeting
TRANSP:OPAQUE
{extra}""",
        method=method,
    ).replace("\nVERSION", "\nCALSCALE:GREGORIAN\nVERSION")
    inner = of_parts(
        'Content-Type: multipart/alternative; boundary="0001"\r\n',
        "0001",
        part('text/plain; charset="UTF-8"; format=flowed; delsp=yes', b"Felix has accepted this invitation.\r\n"),
        part('text/html; charset="UTF-8"', b"<p>Felix has accepted.</p>", "quoted-printable"),
        part(f'text/calendar; charset="UTF-8"; method={method}', folded(text), "7bit"),
    )
    start = head(
        asked,
        "Accepted: Expert meeting @ Mon 12 Oct 2026",
        'multipart/mixed; boundary="0000"',
        **{"Reply_To": asked.attendee, "Sender": "Google Calendar <calendar-notification@google.com>"} | more,
    )
    attached = part('application/ics; name="invite.ics"', folded(text), Content_Disposition="attachment")
    return of_parts(start, "0000", inner, attached)


def apple(asked: Asked, state: str = "ACCEPTED", *, sent_by: str = "", extra: str = "", **more: str) -> bytes:
    """Calendar on macOS through Mail: a plain text and an attached file."""
    text = calendar(
        "-//Apple Inc.//macOS 15.1//EN",
        f"""
CREATED:{asked.stamp}
UID:{asked.uid}
DTEND;TZID=Europe/Vienna:{asked.local_end}
ATTENDEE;CN="{asked.name}";CUTYPE=INDIVIDUAL;EMAIL="{asked.attendee}";PARTSTAT={state}{sent_by};ROLE=REQ-PARTICIPANT:mailto:{asked.attendee}
TRANSP:OPAQUE
SUMMARY:Expert meeting
LAST-MODIFIED:{asked.stamp}
DTSTAMP:{asked.stamp}
DTSTART;TZID=Europe/Vienna:{asked.local}
LOCATION:Vienna
SEQUENCE:{asked.sequence}
ORGANIZER;CN="WHO";EMAIL="{asked.organiser}":mailto:{asked.organiser}
{extra}""",
        zone=IANA_ZONE,
    ).replace("\nVERSION", "\nCALSCALE:GREGORIAN\nVERSION")
    start = head(asked, "Re: Expert meeting", "multipart/mixed; boundary=Apple-Mail-1", **more)
    return of_parts(
        start,
        "Apple-Mail-1",
        part("text/plain; charset=us-ascii", b"Felix Undp has accepted your invitation.\r\n", "7bit"),
        part(
            "text/calendar; charset=utf-8; method=REPLY; name=iCal-20260901-111500.ics",
            folded(text),
            "quoted-printable",
            Content_Disposition="attachment; filename=iCal-20260901-111500.ics",
        ),
    )


def thunderbird(asked: Asked, state: str = "ACCEPTED", *, extra: str = "", **more: str) -> bytes:
    """Thunderbird: an alternative in base64 and the file."""
    text = calendar(
        "-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN",
        f"""
CREATED:{asked.stamp}
LAST-MODIFIED:{asked.stamp}
DTSTAMP:{asked.stamp}
UID:{asked.uid}
SUMMARY:Expert meeting
ORGANIZER;RSVP=TRUE;CN=WHO;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:{asked.organiser}
ATTENDEE;RSVP=TRUE;CN={asked.name};PARTSTAT={state};ROLE=REQ-PARTICIPANT:mailto:{asked.attendee}
DTSTART;TZID=Europe/Vienna:{asked.local}
DTEND;TZID=Europe/Vienna:{asked.local_end}
SEQUENCE:{asked.sequence}
LOCATION:Vienna
TRANSP:OPAQUE
{extra}""",
        zone=IANA_ZONE,
    )
    start = head(
        asked,
        f"Event Invitation Reply ({state.capitalize()}): Expert meeting",
        'multipart/mixed; boundary="------------q1"',
        User_Agent="Mozilla Thunderbird",
        **more,
    )
    inner = of_parts(
        'Content-Type: multipart/alternative; boundary="------------q2"\r\n',
        "------------q2",
        part("text/plain; charset=UTF-8; format=flowed", b"Felix Undp has accepted.\r\n", "8bit"),
        part("text/calendar; method=REPLY; charset=UTF-8", folded(text)),
    )
    attached = part('application/ics; name="invite.ics"', folded(text), Content_Disposition="attachment")
    return of_parts(start, "------------q1", inner, attached)


def nextcloud(asked: Asked, state: str = "ACCEPTED", *, extra: str = "", **more: str) -> bytes:
    """Nextcloud: its own address as the sender, said to be automatic, the file as the only calendar."""
    text = calendar(
        "-//Sabre//Sabre VObject 4.5.6//EN",
        f"""
UID:{asked.uid}
DTSTAMP:{asked.stamp}
SEQUENCE:{asked.sequence}
SUMMARY:Expert meeting
DTSTART;TZID=Europe/Vienna:{asked.local}
DTEND;TZID=Europe/Vienna:{asked.local_end}
ORGANIZER;CN=WHO:mailto:{asked.organiser}
ATTENDEE;PARTSTAT={state};CN={asked.name}:mailto:{asked.attendee}
REQUEST-STATUS:2.0;Success
{extra}""",
        zone=IANA_ZONE,
    ).replace("\nVERSION", "\nCALSCALE:GREGORIAN\nVERSION")
    start = head(
        asked,
        "Re: Expert meeting",
        "multipart/mixed; boundary=_=_swift",
        **{
            "From": f'"{asked.name} via Cloud" <no-reply@cloud.example>',
            "Reply_To": asked.attendee,
            "Auto_Submitted": "auto-generated",
        }
        | more,
    )
    inner = of_parts(
        "Content-Type: multipart/alternative; boundary=_=_alt\r\n",
        "_=_alt",
        part("text/plain; charset=utf-8", b"Felix Undp has accepted\r\n", "quoted-printable"),
        part("text/html; charset=utf-8", b"<b>accepted</b>", "quoted-printable"),
    )
    attached = part(
        "text/calendar; method=REPLY; charset=utf-8; name=event.ics",
        folded(text),
        Content_Disposition="attachment; filename=event.ics",
    )
    return of_parts(start, "_=_swift", inner, attached)


def zimbra(asked: Asked, state: str = "ACCEPTED", *, extra: str = "", **more: str) -> bytes:
    """Zimbra: its short states in a property beside, names of zones of its own."""
    text = calendar(
        "Zimbra-Calendar-Provider",
        f"""
UID:{asked.uid}
ATTENDEE;CN={asked.name};PARTSTAT={state}:mailto:{asked.attendee}
ORGANIZER;CN=WHO:mailto:{asked.organiser}
DTSTART;TZID="Europe/Vienna":{asked.local}
DTEND;TZID="Europe/Vienna":{asked.local_end}
SUMMARY:Accept: Expert meeting
SEQUENCE:{asked.sequence}
DTSTAMP:{asked.stamp}
{extra}""",
        zone=IANA_ZONE,
    )
    start = head(asked, "Accept: Expert meeting", 'multipart/alternative; boundary="=_z"', X_Mailer="Zimbra 9", **more)
    return of_parts(
        start,
        "=_z",
        part("text/plain; charset=utf-8", b"Yes, I will attend.\r\n", "7bit"),
        part("text/calendar; charset=utf-8; method=REPLY; name=meeting.ics", folded(text), "7bit"),
    )


def notes(asked: Asked, state: str = "ACCEPTED", *, extra: str = "", **more: str) -> bytes:
    """Notes and Domino: properties of their own, the answer beside everybody's name in Notes."""
    text = calendar(
        "-//Lotus Development Corporation//NONSGML Notes 9.0//EN_C",
        f"""
DTSTART:{asked.start}
DTEND:{asked.end}
TRANSP:OPAQUE
DTSTAMP:{asked.stamp}
SEQUENCE:{asked.sequence}
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT={state};CN="{asked.name}/HQ/UN":mailto:{asked.attendee}
CLASS:PUBLIC
SUMMARY:Accepted: Expert meeting
ORGANIZER;CN="WHO":mailto:{asked.organiser}
UID:{asked.uid}
X-LOTUS-UPDATE-SEQ:1
X-LOTUS-UPDATE-WISL:$S:1;$L:1;$B:1;$R:1;$E:1
X-LOTUS-NOTESVERSION:2
X-LOTUS-APPTTYPE:3
X-LOTUS-CHILD_UID:{asked.uid}
{extra}""",
    )
    start = head(asked, "Accepted: Expert meeting", 'multipart/alternative; boundary="=_alt 0033"', **more)
    return of_parts(
        start,
        "=_alt 0033",
        part('text/html; charset="US-ASCII"', b"<p>Accepted</p>", "7bit"),
        part('text/calendar; method=REPLY; charset="UTF-8"', folded(text), "8bit", Content_ID="<_1>"),
    )


PROGRAMS: dict[str, Callable[..., bytes]] = {
    "exchange": exchange,
    "outlook": outlook,
    "google": google,
    "apple": apple,
    "thunderbird": thunderbird,
    "nextcloud": nextcloud,
    "zimbra": zimbra,
    "notes": notes,
}


def plain(asked: Asked, kind: str, body: bytes, **more: str) -> bytes:
    """A mail of one part."""
    return head(asked, "Re: Expert meeting", kind, **more).encode() + b"\r\n" + body


def lines_of(asked: Asked, state: str = "ACCEPTED", extra: str = "") -> str:
    """The least an answer says."""
    return calendar(
        "-//Example//EN",
        f"""
UID:{asked.uid}
DTSTAMP:{asked.stamp}
SEQUENCE:{asked.sequence}
ORGANIZER:mailto:{asked.organiser}
ATTENDEE;PARTSTAT={state}:mailto:{asked.attendee}
{extra}""",
    )


# Name: the mail and the answer it must come to.
ANSWERS: dict[str, tuple[Mail, str]] = {
    f"{name} {state.lower()}": ((lambda asked, make=make, state=state: make(asked, state)), state.lower())
    for name, make in PROGRAMS.items()
    for state in ("ACCEPTED", "TENTATIVE", "DECLINED")
} | {
    "exchange with a comment of several lines": (
        lambda asked: exchange(asked, "DECLINED", comment="I am away\\, sorry\\; ask Ana\\n\\nFelix\\n"),
        "declined",
    ),
    "google with letters that a fold cuts": (
        lambda asked: google(replace(asked, name="Фёдор Ундпович " * 4), comment="Да, конечно 🎉 " * 9),
        "accepted",
    ),
    "google to an address in capitals": (
        lambda asked: google(replace(asked, organiser=asked.organiser.upper(), attendee=asked.attendee.upper())),
        "accepted",
    ),
    "thunderbird from where the mail was forwarded to": (
        lambda asked: thunderbird(replace(asked, attendee="felix.undp@home.example")),
        "accepted",
    ),
    "outlook from an alias with the plus written in percent": (
        lambda asked: outlook(
            replace(asked, attendee="f.undp@alias.example", organiser=asked.organiser.replace("+", "%2B"))
        ),
        "accepted",
    ),
    "apple by the secretary, who has an account": (
        lambda asked: apple(asked, sent_by=';SENT-BY="mailto:reader@example.org"', From="Rui <reader@example.org>"),
        "accepted",
    ),
    "icloud from an address of Apple": (
        lambda asked: apple(
            asked, "TENTATIVE", From=f"{asked.name} <noreply@email.apple.com>", Reply_To=asked.attendee
        ),
        "tentative",
    ),
    "a room mailbox that says it is automatic": (
        lambda asked: exchange(asked, Auto_Submitted="auto-generated", X_Auto_Response_Suppress="All"),
        "accepted",
    ),
    "a mail delivered through an alias, the address in Delivered-To alone": (
        lambda asked: exchange(
            asked, To="WHO <calendar@lists.example>", Delivered_To=asked.organiser, X_Original_To=asked.organiser
        ),
        "accepted",
    ),
    "bare line feeds": (
        lambda asked: plain(
            asked, "text/calendar; method=REPLY; charset=utf-8", folded(lines_of(asked)).replace(b"\r\n", b"\n")
        ),
        "accepted",
    ),
    "without a method in its type": (
        lambda asked: plain(asked, "text/calendar", folded(lines_of(asked, "TENTATIVE"))),
        "tentative",
    ),
    "latin-1 by its type and by its letters": (
        lambda asked: plain(
            asked,
            "text/calendar; method=REPLY; charset=iso-8859-1",
            lines_of(asked, "DECLINED", "COMMENT:Désolé").replace("\n", LINES).encode("latin-1"),
        ),
        "declined",
    ),
    "cp1252 said to be utf-8": (
        lambda asked: plain(
            asked,
            "text/calendar; method=REPLY; charset=utf-8",
            lines_of(asked, "DECLINED", "COMMENT:Désolé…").replace("\n", LINES).encode("cp1252"),
        ),
        "declined",
    ),
    "utf-16": (
        lambda asked: plain(
            asked,
            "text/calendar; method=REPLY; charset=utf-16",
            base64.encodebytes(lines_of(asked).encode("utf-16")),
            Content_Transfer_Encoding="base64",
        ),
        "accepted",
    ),
    "a file of bytes with the name of a calendar": (
        lambda asked: of_parts(
            head(asked, "Accepted", "multipart/mixed; boundary=b"),
            "b",
            part("text/plain", b"See attached\r\n", "7bit"),
            part('application/octet-stream; name="reply.ics"', folded(lines_of(asked))),
        ),
        "accepted",
    ),
    "signed by the sender": (
        lambda asked: of_parts(
            head(asked, "Accepted", 'multipart/signed; protocol="application/pkcs7-signature"; boundary=s'),
            "s",
            part("text/calendar; method=REPLY", folded(lines_of(asked)), "7bit"),
            part("application/pkcs7-signature; name=smime.p7s", b"0"),
        ),
        "accepted",
    ),
    "with a footer that a server added": (
        lambda asked: of_parts(
            head(asked, "Accepted", "multipart/mixed; boundary=m", Precedence="bulk"),
            "m",
            part("text/calendar; method=REPLY", folded(lines_of(asked)), "quoted-printable"),
            part("text/plain", b"This mail was scanned.\r\n", "7bit"),
        ),
        "accepted",
    ),
    "without a version": (
        lambda asked: plain(
            asked, "text/calendar; method=REPLY", folded(lines_of(asked).replace(f"SEQUENCE:{asked.sequence}\n", ""))
        ),
        "accepted",
    ),
    "without a stamp": (
        lambda asked: plain(
            asked, "text/calendar; method=REPLY", folded(lines_of(asked).replace(f"DTSTAMP:{asked.stamp}\n", ""))
        ),
        "accepted",
    ),
    "with the whole list of those invited": (
        lambda asked: plain(
            asked,
            "text/calendar; method=REPLY",
            folded(lines_of(asked, extra="ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:somebody@else.example")),
        ),
        "accepted",
    ),
    "small letters in its names": (
        lambda asked: plain(
            asked,
            "TEXT/CALENDAR; METHOD=reply",
            folded(
                lines_of(asked)
                .replace("PARTSTAT=ACCEPTED", "partstat=Accepted")
                .replace("METHOD:REPLY", "method:reply")
            ),
        ),
        "accepted",
    ),
    "a name with a colon and a quotation mark": (
        lambda asked: plain(
            asked,
            "text/calendar; method=REPLY",
            folded(lines_of(asked).replace("ATTENDEE;", 'ATTENDEE;CN="Undp: Felix; ^n, DPO";')),
        ),
        "accepted",
    ),
}
