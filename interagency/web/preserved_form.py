"""An act that cannot be done yet: what was typed stays in the page."""

from __future__ import annotations

from collections.abc import Mapping

from flask import current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from interagency.web.access import required_access
from interagency.web.paths import page_address

SECRETS = frozenset({"csrf_token", "password", "again", "current", "code"})


def preserve_form(
    message: str,
    address: str,
    words: str,
    *,
    can_send_again: bool = True,
    code: int = 403,
    instead: Mapping[str, str] | None = None,
) -> ResponseReturnValue:
    """A page instead of the act: what to do first, at `address`, and all that was typed, to be sent again.

    Where it cannot be sent again as it stands (a secret, a file, a form that lost its session), it is shown to copy.
    `instead` holds fields that are sent with another value than they came with.
    """
    sent = [(name, value) for name, value in request.form.items(multi=True) if name not in SECRETS]
    typed = [(name, (instead or {}).get(name, value)) for name, value in sent]
    secret = any(request.form.get(name) for name in SECRETS - {"csrf_token"})
    files = any(file.filename for file in request.files.values())
    page = render_template(
        "held_back.html",
        message=message,
        address=address,
        words=words,
        typed=[] if secret else typed,
        again=request.full_path.rstrip("?") if can_send_again and not secret and not files else None,
        token=request.form.get("csrf_token", ""),
        files=files,
    )
    return page, code


def _ended(*, can_send_again: bool) -> ResponseReturnValue:
    message = gettext("Your sign-in has ended, by time or because you signed out. Nothing was saved yet.")
    return preserve_form(message, url_for("accounts.sign_in"), gettext("Sign in"), can_send_again=can_send_again)


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    closed = request.endpoint is not None and required_access(current_app, request.endpoint) != "public"
    if closed and not current_user.is_authenticated:
        return _ended(can_send_again=False)
    message = gettext(
        "The page stood open too long, or you signed in again since. Nothing was saved. "
        "Open it again (reload the page it was on) and send it once more."
    )
    return preserve_form(message, page_address(), gettext("Open the page"), can_send_again=False, code=400)
