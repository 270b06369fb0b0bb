"""What people type to come in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length


class SignInForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Address and password."""

    email = StringField(
        _l("Work e-mail"),
        validators=[InputRequired(_l("Write your work e-mail address.")), Length(max=254)],
        render_kw={"autocomplete": "username", "type": "email", "spellcheck": "false"},
    )
    password = PasswordField(
        _l("Password"),
        validators=[InputRequired(_l("Write your password.")), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )
