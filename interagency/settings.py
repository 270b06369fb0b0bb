"""Every INTERAGENCY_* variable: its type, default and meaning. Nothing else reads the environment."""

from __future__ import annotations

import os
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from interagency.text.zones import known_zones

PREFIX = "INTERAGENCY_"
IATI_PREFIX_UNSET = "XM-DAC-41128-UNREGISTERED"
_IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,98}[A-Za-z0-9])?")
# At most 64 signs stand before the @ (RFC 5321, 4.5.3.1.1), 24 of them for the secret part.
_MAIL_ADDRESS = re.compile(r"[A-Za-z0-9._-]{1,40}@[A-Za-z0-9.-]{1,200}")
_LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1)(:\d+)?(/|$)")


class SettingError(ValueError):
    """A setting that cannot be used; the text says which one and what to write instead."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: its name without the prefix, how its text is read, its default, what it means."""

    name: str
    read: Callable[[str], Any]
    default: str
    meaning: str

    @property
    def variable(self) -> str:
        return PREFIX + self.name


def _text(value: str) -> str:
    return value


def _yes_no(value: str) -> bool:
    known = {"1": True, "yes": True, "true": True, "on": True, "0": False, "no": False, "false": False, "off": False}
    try:
        return known[value.strip().lower()]
    except KeyError:
        raise ValueError("write yes or no") from None


def _whole_number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError("write a whole number") from None


def _at_least_one(value: str) -> int:
    number = _whole_number(value)
    if number < 1:
        raise ValueError("write a whole number, 1 or more")
    return number


def _one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"write {' or '.join(words)}")
        return value

    return read


def _issuer(value: str) -> str:
    loopback = _LOOPBACK.match(value)
    if value and not loopback and not value.startswith("https://"):
        raise ValueError("write an address that begins with https://")
    return value.rstrip("/")


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in value.split(",") if name.strip())


def _yes_no_or_empty(value: str) -> bool | None:
    return _yes_no(value) if value.strip() else None


def _bind(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if value and not (host and colon and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("write an address and a port, such as 127.0.0.1:9200")
    return value


def _zone(value: str) -> str:
    if value not in known_zones():
        raise ValueError("write the name of a time zone, such as Europe/Vienna")
    return value


def _identifier(value: str) -> str:
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError("write letters, digits and hyphens, such as XM-DAC-41128-UNGASS2016")
    return value


def _address(value: str) -> str:
    if value and not _MAIL_ADDRESS.fullmatch(value):
        raise ValueError("write a mail address, such as calendar@example.org")
    return value.lower()


def _imap(value: str) -> str:
    parts = urlsplit(value)
    try:
        known = parts.scheme in ("imaps", "imap", "imap+plain") and parts.hostname and (parts.port or 1)
    except ValueError:
        known = False
    if value and not known:
        raise ValueError("write an address such as imaps://user:password@host/folder")
    return value


def _folder(value: str) -> Path:
    return Path(value).absolute()


SETTINGS = (
    Setting(
        "DATABASE_URL",
        _text,
        "",
        "Where the data lives. Empty: an SQLite file in the data folder. "
        "PostgreSQL: `postgresql+psycopg://user@host/name`.",
    ),
    Setting(
        "SECRET_KEY",
        _text,
        "",
        "Signs sessions and forms, and encrypts the secrets of second factors (another key: they are set up anew). "
        "Required by `serve`; `make run` makes one and keeps it in the data folder.",
    ),
    Setting(
        "SIGNING_KEY",
        _text,
        "",
        "The private key that editions, hand-outs and their files are signed with, the same on every server: the text "
        "of the file `signing-key`, which `interagency init` makes in the data folder. Empty: that file.",
    ),
    Setting("BASE_URL", _text, "http://127.0.0.1:8000", "The address people type; used in links in mails and feeds."),
    Setting(
        "MAIL_URL",
        _text,
        "",
        "`smtp://user:password@host:port` (STARTTLS, its certificate checked, unless the host is this machine), "
        "`smtps://`, or `smtp+plain://` without TLS. Empty: mails stay in the outbox.",
    ),
    Setting("MAIL_FROM", _text, "interagency@localhost", "The sender of mails."),
    Setting(
        "CALENDAR_ADDRESS",
        _address,
        "",
        "The organiser of invitations to events, such as `calendar@example.org`. Answers come to it with a secret part "
        "after a `+`; its server must put them all into the folder of `INTERAGENCY_IMAP_URL`. Empty: invitations come "
        "from `INTERAGENCY_MAIL_FROM`, and answers come by the links in them alone.",
    ),
    Setting(
        "IMAP_URL",
        _imap,
        "",
        "Where answers to invitations are read: `imaps://user:password@host/folder`, `imap://` (STARTTLS, unless the "
        "host is this machine), or `imap+plain://` without TLS. Without a folder `INBOX`. Empty: none are read.",
    ),
    Setting("TIMEZONE", _zone, "Europe/Vienna", "The zone of due dates and of times shown to people who chose none."),
    Setting("DATA_FOLDER", _folder, "instance", "Folder of the SQLite file, the made secret and other local files."),
    Setting("DEMO_PASSWORD", _text, "", "Password of the demo accounts. Empty: `make run` makes one and prints it."),
    Setting(
        "LIMITS_URL",
        _text,
        "",
        "Where attempts are counted by all processes together. Empty: in the database, on SQLite in a file beside it. "
        "`redis://host:6379`: in Redis. `memory://`: each process for itself.",
    ),
    Setting("PROXIES", _whole_number, "0", "How many trusted proxies stand in front and set X-Forwarded headers."),
    Setting(
        "BUFFERING_PROXY",
        _yes_no,
        "no",
        "yes lets `serve` bind beyond this machine: a proxy that takes whole requests before it passes them on stands "
        "in front, and nobody reaches the service but through it. Without one, a few dozen slow connections stop it.",
    ),
    Setting(
        "TRUSTED_HOSTS",
        _names,
        "",
        "The host names the service answers to, with commas between. Empty: the one of `INTERAGENCY_BASE_URL`.",
    ),
    Setting(
        "PLAIN_HTTP",
        _yes_no,
        "no",
        "yes lets `serve` start where `INTERAGENCY_BASE_URL` is http on another machine's name: everybody on the way "
        "can read what is sent.",
    ),
    Setting(
        "SECURE_COOKIES",
        _yes_no_or_empty,
        "",
        "yes: cookies are sent over https only. Empty: yes when `INTERAGENCY_BASE_URL` is https.",
    ),
    Setting("LOG_FORMAT", _one_of("text", "json"), "text", "`json`: one JSON object a line."),
    Setting(
        "METRICS_BIND",
        _bind,
        "",
        "Where `/metrics` for Prometheus is served, such as `127.0.0.1:9200`; reachable for the collector alone. "
        "Empty: nowhere.",
    ),
    Setting("SESSION_HOURS", _at_least_one, "12", "A sign-in ends after this many hours, used or not."),
    Setting("IDLE_MINUTES", _at_least_one, "120", "A sign-in that is not used ends after this many minutes."),
    Setting(
        "SECOND_FACTOR",
        _one_of("optional", "required"),
        "optional",
        "`required`: coordinators and administrators set up a second factor before they can do anything else.",
    ),
    Setting("OIDC_ISSUER", _issuer, "", "Single sign-on: the provider's issuer address. Empty: none."),
    Setting("OIDC_CLIENT_ID", _text, "", "The name the provider knows this service by."),
    Setting("OIDC_CLIENT_SECRET", _text, "", "Its secret there. Empty: a public client, by PKCE alone."),
    Setting("OIDC_NAME", _text, "my organisation", "What stands on the button after “Sign in with”."),
    Setting(
        "IATI_PREFIX",
        _identifier,
        IATI_PREFIX_UNSET,
        "What the identifiers of activities in IATI files begin with: the reporting organisation's own identifier and "
        "a name for this programme, such as `XM-DAC-41128-UNGASS2016`. Agree on it before the first file leaves, and "
        "never change it: identifiers are for ever. The default says that nobody has.",
    ),
    Setting(
        "IATI_SECRET",
        _text,
        "",
        "Makes the rest of these identifiers, so that nobody can try out which record number stands behind one. Set it "
        "before the first file leaves, keep it with the backups, and never change it. Empty: whoever tries finds the "
        "number.",
    ),
    Setting(
        "DEVELOPMENT", _yes_no, "no", "yes shows `/style`, every part of the pages once, to those who work on them."
    ),
    Setting("FEED_COMPRESSION", _yes_no, "yes", "Whether calendar feeds may be sent compressed."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, read and checked."""

    database_url: str
    secret_key: str
    signing_key: str
    base_url: str
    mail_url: str
    mail_from: str
    calendar_address: str
    imap_url: str
    timezone: str
    data_folder: Path
    demo_password: str
    limits_url: str
    proxies: int
    buffering_proxy: bool
    trusted_hosts: tuple[str, ...]
    plain_http: bool
    secure_cookies: bool
    log_format: str
    metrics_bind: str
    session_hours: int
    idle_minutes: int
    second_factor: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str
    oidc_name: str
    iati_prefix: str
    iati_secret: str
    development: bool
    feed_compression: bool

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The service's own time zone."""
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environment` (default: `.env` in the current folder, then the process environment).

    Raises SettingError naming the variable and what to write.
    """
    if environment is None:
        found = {name: text for name, text in dotenv_values(".env").items() if text is not None}
        environment = found | dict(os.environ)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = environment.get(setting.variable, setting.default)
        try:
            values[setting.name.lower()] = setting.read(text)
        except ValueError as error:
            raise SettingError(f"{setting.variable} is {text!r}: {error}.") from None
    if not values["database_url"]:
        values["database_url"] = f"sqlite:///{values['data_folder'] / 'interagency.sqlite3'}"
    values["base_url"] = values["base_url"].rstrip("/")
    if values["oidc_issuer"] and not values["oidc_client_id"]:
        raise SettingError("INTERAGENCY_OIDC_ISSUER is set: INTERAGENCY_OIDC_CLIENT_ID is needed too.")
    if values["secure_cookies"] is None:
        values["secure_cookies"] = values["base_url"].startswith("https://")
    return Settings(**values)


assert [setting.name.lower() for setting in SETTINGS] == [field.name for field in fields(Settings)]
