"""Every page of what goes out and comes in as files, for the application to register."""

from __future__ import annotations

from interagency.exports.embedding.views import bp as embeds
from interagency.exports.external.views import bp as external
from interagency.exports.external.waiting_views import bp as waiting
from interagency.exports.incoming.views import bp as imports
from interagency.exports.practice.views import bp as practices
from interagency.exports.registers.briefing_views import bp as briefings
from interagency.exports.registers.views import bp as registers
from interagency.exports.signing import bp as signing
from interagency.exports.views import bp as exports

BLUEPRINTS = (exports, signing, registers, briefings, imports, external, waiting, embeds, practices)
