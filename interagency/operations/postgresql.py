"""PostgreSQL's own programs, and what the service's role owns in the schema `public`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from interagency.settings import Settings

SCHEMA = "public"
MINUTES = 60
LOCK_SECONDS = 5
_ERROR = re.compile(r"\b(ERROR|FATAL|error):")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
INSTALL = "Install PostgreSQL's client programs, of the server's major version or newer (Debian: postgresql-client)."


class BackupRefusal(ValueError):
    """It cannot be done; the text says why and what to do. Nothing was changed."""


def libpq_address(settings: Settings) -> str:
    """The address as PostgreSQL's programs take it; the password goes by the environment (`libpq_environment`)."""
    url = make_url(settings.database_url)
    plain: URL = url.set(drivername="postgresql", password=None)
    return plain.render_as_string(hide_password=False)


def libpq_environment(settings: Settings) -> dict[str, str]:
    """What PostgreSQL's programs find in their environment; messages are English, for they are read here."""
    password = make_url(settings.database_url).password
    return dict(os.environ) | {"LC_MESSAGES": "C"} | ({"PGPASSWORD": str(password)} if password else {})


def last_line(text: str) -> str:
    """Why a program failed: its first line that says error, with the detail that follows, or its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"]
    for number, line in enumerate(lines):
        if _ERROR.search(line):
            detail = [one for one in lines[number + 1 : number + 2] if one.startswith("DETAIL:")]
            return " ".join([line, *detail])[:400]
    return lines[-1][:400]


def run_program(settings: Settings, *command: str) -> str:
    """Run one of PostgreSQL's programs. Returns what it printed; BackupRefusal says why it failed."""
    try:
        done = subprocess.run(  # noqa: S603  (our own arguments, no shell)
            command,
            env=libpq_environment(settings),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=MINUTES * 60,
            check=False,
        )
    except FileNotFoundError:
        raise BackupRefusal(f"{command[0]} is not installed. {INSTALL}") from None
    except subprocess.TimeoutExpired:
        raise BackupRefusal(f"{command[0]} took more than {MINUTES} minutes and was stopped.") from None
    if done.returncode:
        raise BackupRefusal(f"{command[0]} failed: {last_line(done.stderr)}")
    return done.stdout


def require_programs(settings: Settings, server: int, *names: str) -> None:
    """Refuse where one of the programs is missing, or older than a server of the major version `server`."""
    for name in names:
        if shutil.which(name) is None:
            raise BackupRefusal(f"{name} is not installed. {INSTALL}")
        found = _VERSION.search(run_program(settings, name, "--version"))
        if found is None or int(found[1]) < server:
            has = found[1] if found else "of an unknown version"
            raise BackupRefusal(f"{name} is {has} and the server is PostgreSQL {server}. {INSTALL}")


def server_version(connection: sa.Connection) -> int:
    """The major version of the server."""
    return int(connection.scalar(sa.text("SHOW server_version_num")) or 0) // 10_000


# Whatever stands in the schema and came with no extension: of relations also whose it is.
_OBJECTS = """
SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
            WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
       format('%I.%I', n.nspname, c.relname) AS name, c.relowner AS owner, c.oid, 'pg_class'::regclass AS class
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                  AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass)
UNION ALL
SELECT 'ROUTINE', p.oid::regprocedure::text, p.proowner, p.oid, 'pg_proc'::regclass
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'public'
UNION ALL
SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, format('%I.%I', n.nspname, t.typname),
       t.typowner, t.oid, 'pg_type'::regclass
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE n.nspname = 'public' AND (t.typtype IN ('d', 'e') OR (t.typtype = 'c' AND c.relkind = 'c'))
"""
_OWN = f"""
SELECT o.kind, o.name, pg_get_userbyid(o.owner) AS owner, pg_has_role(o.owner, 'USAGE') AS ours
FROM ({_OBJECTS}) AS o
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')
ORDER BY o.kind, o.name
"""  # noqa: S608  (our own text)
# What is dropped together, in an order in which nothing of it is needed by what still stands.
_ORDER = ("VIEW", "MATERIALIZED VIEW", "TABLE", "FOREIGN TABLE", "SEQUENCE", "ROUTINE", "TYPE", "DOMAIN")
_RIGHTS = """
SELECT to_regnamespace('public') IS NOT NULL AND has_schema_privilege('public', 'CREATE'), current_user,
       pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean
"""


def drop_statements(connection: sa.Connection) -> list[str]:
    """Statements that drop all the schema holds but extensions; none of them drops what others hang on to it."""
    found: dict[str, list[str]] = {}
    for row in connection.execute(sa.text(_OWN)):
        found.setdefault(row.kind, []).append(row.name)
    return [f"DROP {kind} {', '.join(found[kind])}" for kind in _ORDER if kind in found]


def obstacles(connection: sa.Connection) -> list[str]:
    """Why the role of `connection` could not replace what the database holds, each with what to do."""
    found = []
    may_create, role, read_only = connection.execute(sa.text(_RIGHTS)).one()
    if read_only:
        found.append("The database can only be read (a replica, or default_transaction_read_only). Use the first one.")
    if not may_create:
        found.append(
            f"The role {role} may not make tables in the schema {SCHEMA}. "
            f'As an administrator: GRANT CREATE, USAGE ON SCHEMA {SCHEMA} TO "{role}"'
        )
    foreign = [row for row in connection.execute(sa.text(_OWN)) if not row.ours]
    if foreign:
        named = ", ".join(f"{row.kind.lower()} {row.name} of {row.owner}" for row in foreign[:3])
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        found.append(
            f"The schema {SCHEMA} holds what the role {role} does not own: {named}{more}. "
            f'As an administrator: ALTER … OWNER TO "{role}", or SET SCHEMA to one of its own'
        )
    return found


# --- Restoring ---


def restore_archive(settings: Settings, archive: Path, revision: str) -> None:
    """Replace everything of the service by what `archive` holds, in one transaction: all of it, or nothing changes.

    `revision` is the migration the archive is at; it is looked for before the end. Refuses (BackupRefusal).
    """
    script = archive.with_name("restore.sql")
    run_program(settings, "pg_restore", *TAKEN, f"--file={script}", str(archive))
    engine = sa.create_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            drops = drop_statements(connection)
    finally:
        engine.dispose()
    _exchange(settings, drops, script, revision)


# Only what is in the schema: extensions and the schema itself belong to the server's administrator, and rights of
# other roles name roles that another server does not have.
TAKEN = ("--no-owner", "--no-privileges", "--no-comments", f"--schema={SCHEMA}")


def _exchange(settings: Settings, drops: list[str], script: Path, revision: str) -> None:
    """psql gets COMMIT from us only after all else went well: whoever ends us in the middle ends the transaction."""
    begin = [
        "BEGIN;",
        f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s';",
        "SET LOCAL statement_timeout = 0;",
        "SET LOCAL idle_in_transaction_session_timeout = 0;",
        *[f"{statement};" for statement in drops],
        f"\\i '{script}'",
        # psql stops at the division where the migration is another one
        f"SELECT 1 / count(*) FROM {SCHEMA}.alembic_version WHERE version_num = '{revision}';",  # noqa: S608
        "\\echo restored",
    ]
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1", libpq_address(settings)]
    with (
        script.with_name("errors").open("w+", encoding="utf-8", errors="replace") as said,
        subprocess.Popen(  # noqa: S603  (our own arguments, no shell)
            command,
            env=libpq_environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        complete = _converse(process, begin)
        code = process.wait()
        said.seek(0)
        reason = last_line(said.read())
    if not complete:
        raise BackupRefusal(f"{_why(reason)} The database is as it was.")
    if code:
        raise BackupRefusal("The connection was lost at the very end. Look what is there: interagency check")


def _converse(process: subprocess.Popen[str], lines: list[str]) -> bool:
    """Send psql the lines, and COMMIT when it has echoed that all of them went well. Returns whether it has."""
    assert process.stdin is not None
    assert process.stdout is not None
    complete = False
    with suppress(BrokenPipeError):  # psql has ended, and has said why
        process.stdin.write("\n".join(lines) + "\n")
        process.stdin.flush()
        complete = any(line.strip() == "restored" for line in process.stdout)
        if complete:
            process.stdin.write("COMMIT;\n")
        process.stdin.close()
    return complete


def _why(line: str) -> str:
    """What PostgreSQL said, with what to do where that is known."""
    if "lock timeout" in line:
        return "The database is in use, so it was not replaced: stop the service and everybody else who is connected."
    if "depend on" in line:
        return f"Something that is not the service's uses its tables ({line}). Drop it first."
    return f"The backup could not be restored: {line}."
