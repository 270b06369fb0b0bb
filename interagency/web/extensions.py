"""The Flask extensions that several packages use."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_wtf import CSRFProtect


def sender() -> str:
    """Whose attempts are counted together: an IPv4 address, or the /64 of an IPv6 one, which one machine has whole."""
    address = get_remote_address()
    try:
        found = ip_address(address)
    except ValueError:  # a socket of this machine
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return address


def storage_options(address: str) -> dict[str, float]:
    """How the place where attempts are counted is asked: nobody waits for one that answers no more."""
    return {"socket_connect_timeout": 1, "socket_timeout": 1} if address.startswith(("redis", "unix")) else {}


login_manager = LoginManager()
csrf = CSRFProtect()
babel = Babel()
limiter = Limiter(key_func=sender, headers_enabled=False)
