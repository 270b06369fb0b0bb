"""Backup and restore on both databases: nothing lost, nothing overwritten unasked, nothing damaged taken."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.db.fulltext import count
from interagency.matrix.activities.models import Activity
from interagency.operations.backup import DATABASE, MANIFEST, BackupRefusal, backup, restore
from interagency.settings import Settings
from tests.conftest import close


def settings_of(app: Flask) -> Settings:
    found: Settings = app.extensions["interagency_settings"]
    return found


def titles(app: Flask) -> list[str]:
    with app.app_context():
        found = list(db.session.scalars(sa.select(Activity.title).order_by(Activity.id)))
        db.session.close()
        return found


@pytest.fixture
def programs(app: Flask) -> None:
    if not settings_of(app).is_sqlite and shutil.which("pg_dump") is None:
        pytest.skip("PostgreSQL's client programs are not installed")


def test_what_was_there_comes_back(
    app: Flask, programs: None, add_activity: Callable[..., int], tmp_path: Path
) -> None:
    add_activity("Before")
    file = tmp_path / "copy.backup"
    digest = backup(settings_of(app), file)
    assert len(digest) == 64
    assert file.stat().st_mode & 0o077 == 0
    add_activity("After")
    with pytest.raises(BackupRefusal, match="holds something"):
        restore(settings_of(app), file, replace=False)
    assert titles(app) == ["Before", "After"]
    close(app)
    assert restore(settings_of(app), file, replace=True)["sha256"] == digest
    assert titles(app) == ["Before"]
    with app.app_context():  # the triggers came along, and the index of words with them
        assert count(db.session, Activity, ("before*",)) == 1
        assert count(db.session, Activity, ("after*",)) == 0
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(sa.text("DELETE FROM change"))
        db.session.rollback()
        db.session.close()


def test_a_backup_never_replaces_a_file(sqlite_app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "copy.backup"
    file.write_text("mine")
    with pytest.raises(BackupRefusal, match="there already"):
        backup(settings_of(sqlite_app), file)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("damage", ["cut", "changed", "other", "words"])
def test_a_damaged_backup_is_refused_and_nothing_changes(
    sqlite_app: Flask, add_activity: Callable[..., int], tmp_path: Path, damage: str
) -> None:
    add_activity("Kept")
    file, bad = tmp_path / "copy.backup", tmp_path / "bad.backup"
    backup(settings_of(sqlite_app), file)
    if damage == "cut":
        bad.write_bytes(file.read_bytes()[:-2000])
    elif damage == "words":
        bad.write_text("not a backup")
    else:
        with zipfile.ZipFile(file) as source, zipfile.ZipFile(bad, "w") as target:
            manifest = source.read(MANIFEST)
            body = source.read(DATABASE)
            target.writestr(MANIFEST, manifest.replace(b"sqlite", b"postgresql") if damage == "other" else manifest)
            target.writestr(DATABASE, body if damage == "other" else body[:5000] + b"x" + body[5001:])
    with pytest.raises(BackupRefusal):
        restore(settings_of(sqlite_app), bad, replace=True)
    assert titles(sqlite_app) == ["Kept"]
