"""The limit: a bare Flask application that says hello, to a GET and to a form."""

from __future__ import annotations

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """Hello."""
    return "hello"


@app.post("/")
def said() -> str:
    """How many fields came."""
    return str(len(request.form))
