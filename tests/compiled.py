"""What every service of the tests would compile anew: templates, addresses, statements."""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule


class Compiled(BytecodeCache):
    """Templates are the same for every service that a test makes: compiled once."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


class RuleCompiledOnce(Rule):
    """Addresses are the same too: to compile them takes four fifths of the time of a new service."""

    compiled: ClassVar[dict[tuple[object, ...], dict[str, Any]]] = {}

    def compile(self) -> None:
        key = (self.rule, self.endpoint, repr(self.defaults), repr(self.methods))
        if key not in self.compiled:
            super().compile()
            self.compiled[key] = vars(self)
        else:
            vars(self).update(self.compiled[key] | {"map": self.map})


_shared: dict[str, tuple[sa.Dialect, dict[Any, Any]]] = {}


def share_statements(engine: sa.Engine) -> None:
    """Statements are compiled once for all services on the same kind of database, as they would be for one."""
    if engine.dialect.name not in _shared:
        engine.connect().close()  # a dialect asks its first connection what the database can do
    dialect, compiled = _shared.setdefault(engine.dialect.name, (engine.dialect, {}))
    engine.dialect = dialect
    engine.update_execution_options(compiled_cache=compiled)
