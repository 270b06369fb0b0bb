"""The API against its own description: generated requests, and no answer that the description does not know."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import Program
from tests.helpers import ACTIVITY, EVENT, Browser

Enter = Callable[[str | None], Browser]
Start = Callable[..., Program]
INPUTS = max(4, int(os.environ.get("INTERAGENCY_TEST_INPUTS", "0")))


@pytest.mark.slow
def test_no_request_leads_outside_the_description(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    """No 5xx, no status, type or body that the description does not have; nothing without a token."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, settings

    from tests.api.conftest import make

    who = enter_sqlite("who")
    assert who.send("/activities/new", ACTIVITY).status_code == 302
    assert who.send("/events/new", EVENT).status_code == 302
    token = make(who, "write")
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", sqlite_app)
    checks = [
        schemathesis.checks.not_a_server_error,
        schemathesis.specs.openapi.checks.status_code_conformance,
        schemathesis.specs.openapi.checks.content_type_conformance,
        schemathesis.specs.openapi.checks.response_schema_conformance,
    ]
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        cases = operation.as_strategy()

        @settings(
            max_examples=INPUTS, database=None, deadline=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @_given(cases)
        def one(case: Any) -> None:
            refused = case.call()
            assert refused.status_code in (401, 404, 405), (case.method, case.path, refused.status_code)
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=checks)

        one()


def _given(cases: Any) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    from hypothesis import given

    return given(case=cases)
