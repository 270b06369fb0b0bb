"""An edition's contents with the names of the language that is spoken now. Its records, which name by keys, stay
as they are kept, and so does the edition: this is a copy for whoever reads or prints it."""

from __future__ import annotations

from interagency.matrix.cycles.contents import Contents
from interagency.matrix.framework.titles import spoken
from interagency.text.languages import DEFAULT


def named(contents: Contents) -> Contents:
    """`contents` with chapters, sections, recommendations, organisations, countries and regions named in the language
    that is spoken; the same value in English."""
    names = spoken()
    if names.language == DEFAULT:
        return contents
    return contents | {
        "chapters": [one | {"title": names.chapter(one["number"], one["title"])} for one in contents["chapters"]],
        "sections": {
            place: one | {"label": names.section_label(one["label"]), "heading": names.heading(one["heading"])}
            for place, one in contents.get("sections", {}).items()
        },
        "recommendations": {
            code: one | {"section": names.heading(one["section"]), "title": names.recommendation(code, one["title"])}
            for code, one in contents["recommendations"].items()
        },
        "organisations": {
            key: one | {"short": names.short(key, one["short"]), "name": names.organisation(key, one["name"])}
            for key, one in contents["organisations"].items()
        },
        "countries": {code: names.country(code, name) for code, name in contents["countries"].items()},
        "regions": {code: names.region(code, name) for code, name in contents["regions"].items()},
    }
