"""Editions, hand-outs and their files are signed, so that a stranger finds any change without the service."""

from __future__ import annotations

import io
import json
import random
import stat
import subprocess
import sys
import zipfile
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from interagency.accounts.models import Person
from interagency.cli import main
from interagency.db.base import db
from interagency.exports.external.content import Form
from interagency.exports.external.hand_outs import hand_out
from interagency.exports.signing import problems, sign_what_is_not
from interagency.matrix.agreement.models import Audience
from interagency.matrix.cycles.editions import close_cycle, newest_edition
from interagency.matrix.cycles.opening import open_cycle, reopen
from interagency.signatures import verify
from interagency.signatures.keys import prepare_key, published_keys, rotate
from interagency.signatures.models import RecordSignature
from interagency.web.context import settings, utc_now
from tests.conftest import close as end
from tests.conftest import fill, make_app, make_settings, signed_in
from tests.helpers import Browser

VIENNA = ZoneInfo("Europe/Vienna")
TRIES = 1000


def close(month: str) -> int:
    """Open and close `month`; the number of its edition."""
    at = utc_now()
    open_cycle(db.session, month, at=at, zone=VIENNA, by=None)
    db.session.commit()
    return close_cycle(db.session, month, at=at, zone=VIENNA, by=None).edition.number


def hand(month: str = "2026-08") -> str:
    """Hand the edition of `month` out to the public; the token."""
    edition = newest_edition(db.session, month)
    audience = db.session.get(Audience, "public")
    assert edition is not None
    assert audience is not None
    by = person("coordinator@example.org")
    _made, token = hand_out(
        db.session, edition, audience, Form.FULL, None, recipient="A stranger", days=9, by=by, at=utc_now(),
        day=utc_now().date(),
    )  # fmt: skip
    db.session.commit()
    return token


def person(email: str) -> Person:
    return db.session.scalars(sa.select(Person).where(Person.email == email)).one()


def make_key() -> None:
    prepare_key(db.session, settings(), utc_now())
    db.session.commit()


def run_script(*arguments: Path | str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The program as it lies in the archive, without anything of the service."""
    command = [sys.executable, "-I", "interagency-verify.py", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def unpack(body: bytes, folder: Path) -> list[str]:
    """What the archive holds beside signatures and keys."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        archive.extractall(folder)
        return [name.removesuffix(".sig") for name in archive.namelist() if name.endswith(".sig")]


@pytest.fixture
def signed(app: Flask) -> Flask:
    """A service with a key and three closed months."""
    with app.app_context():
        make_key()
        for month in ("2026-06", "2026-07", "2026-08"):
            close(month)
    return app


@pytest.fixture
def browser(signed: Flask) -> Browser:
    return signed_in(signed)("coordinator")


def test_a_stranger_verifies_every_file_and_the_chain(signed: Flask, tmp_path: Path, browser: Browser) -> None:
    names = []
    for month in ("2026-06", "2026-07", "2026-08"):
        answer = browser.get(f"/editions/{month}/signed.zip")
        assert answer.status_code == 200
        names += unpack(answer.data, tmp_path)
    assert {name.split("-")[0] for name in names} == {"matrix", "edition", "activities", "events"}
    with signed.app_context():
        token, folder = hand(), settings().data_folder
    outside = browser.client.application.test_client()
    archive = outside.get(f"/external/{token}/signed.zip")
    names += unpack(archive.data, tmp_path)
    assert "matrix.xlsx" in names
    page = outside.get("/.well-known/interagency-keys.json")
    assert stat.S_IMODE((folder / "signing-key").stat().st_mode) == 0o600
    assert (folder / "signing-key").read_text().strip() not in page.text
    (tmp_path / "kept.json").write_bytes(page.data)
    script = outside.get("/.well-known/interagency-verify.py").data
    assert len(script.splitlines()) <= 60
    assert script == (tmp_path / "interagency-verify.py").read_bytes()

    result = run_script("--keys", "kept.json", *names, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count(": holds") == len(names)
    # Files by themselves, each beside its signature, are the same.
    single = browser.get("/editions/2026-08/signed/edition.json.sig")
    (tmp_path / "edition-2026-08.json.sig").write_bytes(single.data)
    (tmp_path / "edition-2026-08.json").write_bytes(browser.get("/editions/2026-08/edition.json").data)
    for name in ("matrix.csv", "iati.xml", "calendar.ics", "activities.csv"):
        (tmp_path / name).write_bytes(outside.get(f"/external/{token}/{name}").data)
        (tmp_path / f"{name}.sig").write_bytes(outside.get(f"/external/{token}/{name}.sig").data)
    names = ["edition-2026-08.json", "matrix.csv", "activities.csv", "calendar.ics"]
    assert run_script(*names, folder=tmp_path).returncode == 0
    assert outside.get(f"/external/{token}/nothing.sig").status_code == 404
    assert outside.get("/external/nobody/signed.zip").status_code == 404
    assert browser.get("/editions/2026-08/signed/nothing.sig").status_code == 404

    # A missing edition and an exchanged one are named.
    gap = run_script("edition-2026-06.json", "edition-2026-08.json", folder=tmp_path)
    assert gap.returncode == 1
    assert "edition 2 is missing" in gap.stderr
    # The Note, of no edition alone.
    note = browser.get("/exports/note.zip?session=CND+70&from=2026-06&to=2026-08")
    assert note.status_code == 200
    assert unpack(note.data, tmp_path) == ["note.docx"]
    assert run_script("--keys", "kept.json", "note.docx", folder=tmp_path).returncode == 0
    assert browser.get("/exports/note.zip").status_code == 422
    # Keys of somebody else do not do, whatever the signature brings along.
    stranger = {"keys": [{"public": "A" * 43 + "="}]}
    (tmp_path / "other.json").write_text(json.dumps(stranger))
    other = run_script("--keys", "other.json", "matrix.xlsx", folder=tmp_path)
    assert other.returncode == 1
    assert "not among those known" in other.stderr
    # The command does the same.
    same = CliRunner().invoke(main, ["verify", str(tmp_path / "matrix.xlsx"), "--keys", str(tmp_path / "kept.json")])
    assert same.exit_code == 0, same.output


@pytest.mark.one_database
def test_an_exchanged_edition_is_named(signed: Flask, tmp_path: Path, browser: Browser) -> None:
    """A service with the same key that closed another July is a forger who stole the key for a day."""
    for name in ("edition.json", "edition.json.sig"):
        (tmp_path / f"a.{name}").write_bytes(browser.get(f"/editions/2026-06/signed/{name}").data)
        (tmp_path / f"c.{name}").write_bytes(browser.get(f"/editions/2026-08/signed/{name}").data)
    folder = tmp_path / "forger"
    folder.mkdir()
    key = (signed.extensions["interagency_settings"].data_folder / "signing-key").read_text()
    forged = make_app(make_settings(folder, SIGNING_KEY=key))
    fill(forged)
    with forged.app_context():
        make_key()
        for month in ("2026-05", "2026-07"):
            close(month)
    client = signed_in(forged)("reader")
    for name in ("edition.json", "edition.json.sig"):
        (tmp_path / f"b.{name}").write_bytes(client.get(f"/editions/2026-07/signed/{name}").data)
    end(forged)
    command = [sys.executable, verify.__file__, *(f"{one}.edition.json" for one in "acb")]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "edition 2 is exchanged" in found.stderr
    assert "edition 3 is exchanged" in found.stderr


@pytest.mark.one_database
def test_each_flipped_byte_is_found(signed: Flask, tmp_path: Path, browser: Browser) -> None:
    chance = random.Random(26)
    missed = []
    for name in ("matrix.xlsx", "edition.json"):
        body = browser.get(f"/editions/2026-08/signed/{name}").data
        signature = browser.get(f"/editions/2026-08/signed/{name}.sig").data
        path, beside = tmp_path / name, tmp_path / f"{name}.sig"
        path.write_bytes(body)
        beside.write_bytes(signature)
        verify.verify(path)
        for number in range(TRIES // 2):
            target, whole = (path, body) if number % 2 else (beside, signature)
            place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
            target.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            try:
                verify.verify(path)
                missed.append((target.name, place, bit))
            except Exception:
                pass
            target.write_bytes(whole)
    assert missed == []


def test_a_month_opened_again_makes_a_successor_and_what_was_made_before_is_signed_later(app: Flask) -> None:
    with app.app_context():
        close("2026-07")
        at = datetime.now(UTC) + timedelta(days=40)
        app.config["CLOCK"] = lambda: at
        assert list(problems(db.session)) == []  # nothing was ever promised
        make_key()
        assert any("edition 1 is not signed" in line for line in problems(db.session))
        assert sign_what_is_not(db.session, settings(), at) == (1, 0)
        db.session.commit()
        reopen(db.session, "2026-07", "a mistake", by=person("coordinator@example.org"), at=at)
        db.session.commit()
        close("2026-07")
        one, two = db.session.scalars(sa.select(RecordSignature).order_by(RecordSignature.number))
        assert (one.said["signed_later"], two.said["signed_later"]) == (True, False)
        assert (two.said["issue"], two.said["month"], two.said["number"]) == (2, "2026-07", 2)
        hand("2026-07")
        hand("2026-07")
        assert list(problems(db.session)) == []
        assert sign_what_is_not(db.session, settings(), at) == (0, 0)


def test_an_old_key_vouches_for_the_new_one(signed: Flask, tmp_path: Path) -> None:
    def exchange(at: datetime, *, lost: bool) -> list[str]:
        """A new key; the public keys of before."""
        signed.config["CLOCK"] = lambda: at
        with signed.app_context():
            before = [one["public"] for one in published_keys(db.session)]
            rotate(db.session, settings(), at, lost=lost)
            db.session.commit()
        return before

    def fetch() -> Path:
        browser = signed_in(signed)("reader")
        for name in ("edition.json", "edition.json.sig"):
            (tmp_path / name).write_bytes(browser.get(f"/editions/2026-08/signed/{name}").data)
        return tmp_path / "edition.json"

    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=20)
    kept = exchange(later, lost=False)
    said, record = verify.verify(fetch(), kept)
    assert said["keyid"] != record["keyid"]
    with signed.app_context():
        close("2026-09")
        assert list(problems(db.session)) == []
        first, second = published_keys(db.session)
    assert first["until"] == (later + timedelta(days=1)).isoformat()
    assert second["until"] is None
    # One that nobody vouches for is believed only by who has it from the service.
    exchange(later + timedelta(days=1), lost=True)
    path = fetch()
    with pytest.raises(ValueError, match="not among those known"):
        verify.verify(path, kept)
    with signed.app_context():
        verify.verify(path, [one["public"] for one in published_keys(db.session)])


def test_hand_outs_made_at_once_make_one_chain(signed: Flask) -> None:
    def act(_number: int) -> None:
        with signed.app_context():
            hand()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(8)))
    with signed.app_context():
        numbers = sa.select(RecordSignature.number).where(RecordSignature.is_hand_out.is_(True))
        assert sorted(db.session.scalars(numbers)) == list(range(1, 9))
        assert list(problems(db.session)) == []


@pytest.mark.one_database
def test_a_hand_out_says_nothing_of_the_edition_it_is_from(signed: Flask, browser: Browser) -> None:
    with signed.app_context():
        edition = newest_edition(db.session, "2026-08")
        assert edition is not None
        checksum = edition.checksum
        hand()
        token = hand()
    answer = browser.client.get(f"/external/{token}/matrix.json.sig")
    said = json.loads(b64decode(json.loads(answer.data)["payload"]))
    record = json.loads(b64decode(said["record"]["payload"]))
    assert set(record) == {
        "kind", "sha256", "previous", "made_at", "signed_at", "signed_later", "nonce", "service",
    }  # fmt: skip
    assert checksum not in json.dumps([said, record])


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.one_database
def test_init_makes_the_key_and_rotating_keeps_it_to_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    path = tmp_path / "signing-key"
    assert "Signing key: " in invoke("init").output
    first = path.read_text()
    assert invoke("init").exit_code == 0
    assert path.read_text() == first
    assert invoke("keys", "rotate").exit_code == 0
    assert path.read_text() != first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(invoke("keys", "list").output.splitlines()) == 2
    assert "signatures hold" in invoke("check").output
    # Another server of the same database: it makes no key of its own, and takes the one that is set.
    whole = path.read_text()
    path.unlink()
    assert "has no signing key" in invoke("init").output
    assert not path.exists()
    refused = invoke("keys", "rotate")
    assert (refused.exit_code, "--lost" in refused.output) == (1, True)
    monkeypatch.setenv("INTERAGENCY_SIGNING_KEY", whole)
    assert invoke("keys", "list").output.count("*") == 1
    assert "signing-key.next" in invoke("keys", "rotate").output
    monkeypatch.setenv("INTERAGENCY_SIGNING_KEY", (tmp_path / "signing-key.next").read_text())
    assert "Signing key: " in invoke("init").output
    assert len(invoke("keys", "list").output.splitlines()) == 3
    monkeypatch.setenv("INTERAGENCY_SIGNING_KEY", "nonsense")
    assert invoke("init").exit_code == 1
    assert not (tmp_path / "signing-key.part").exists()
