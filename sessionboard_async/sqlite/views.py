"""The views of a copy: ``talks``, and one like it for each language that is asked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from sessionboard_async.models.fields import language_tag
from sessionboard_async.sqlite.descriptions import column_description

_LANGUAGE = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*")

EXPANSION = "translated_fields"

_BLANKS = "char(9, 10, 11, 12, 13, 32, 160)"

_TALKS = """\
CREATE VIEW {view} AS
  -- {about}
SELECT
  sessions.id,
  sessions.friendly_id,
  {title} AS title,
  sessions.starts_local,
  sessions.ends_local,
  sessions.room,
  sessions.track,
  (
    SELECT group_concat(name, ', ') FROM (
      SELECT coalesce(people.full_name, trim(coalesce(people.first_name, '') || ' ' ||
             coalesce(people.last_name, ''))) AS name
      FROM session_people JOIN people ON people.id = session_people.person_id
      WHERE session_people.session_id = sessions.id AND session_people.is_public IS NOT 0
      GROUP BY people.id ORDER BY min(session_people.position)
    )
  ) AS people,
  (
    SELECT group_concat(name, ', ') FROM (
      SELECT session_tags.name FROM session_tags
      WHERE session_tags.session_id = sessions.id ORDER BY session_tags.position
    )
  ) AS tags,
  sessions.format,
  sessions.level,
  sessions.language,
  sessions.status,
  sessions.is_abstract,
  sessions.is_public,
  {description} AS description
FROM sessions"""

_TRANSLATED = """\
coalesce((
    SELECT session_translations.value FROM session_translations
    WHERE session_translations.session_id = sessions.id
      AND session_translations.parent_field_internal_name = '{field}'
      AND session_translations.parent_field_source IS NOT 'custom'
      AND session_translations.language_tag IN ({languages})
      AND trim(session_translations.value, {blanks}) <> ''
    ORDER BY length(session_translations.language_tag) DESC, session_translations.position LIMIT 1
  ), sessions.{field})"""


TALKS = "The schedule: the sessions of the event, submissions (is_abstract) included, one row each."
"""The line about the view."""

_JOINED = {
    "people": "The names of the people, separated by commas, without those hidden on the session.",
    "tags": "The names of the tags, separated by commas.",
}
"""The lines about columns that ``sessions`` does not have."""

_COLUMN = re.compile(r"^  [^\s-].*?(\w+),?$", re.MULTILINE)
"""The line that ends a column of a view: its name is the last word."""


def view_languages(languages: Iterable[str], expand: Collection[str]) -> tuple[str, ...]:
    """Return language tags in lower case, each once.

    Args:
        languages: Language tags, in upper or lower case, or locales such as ``fr_CA``.
        expand: The expansions in the records.

    Raises:
        TypeError: If ``languages`` is a single string.
        ValueError: If one of them is not a language tag, or the records have no translations.
    """
    if isinstance(languages, str):
        raise TypeError(f"languages must be a sequence of strings: write [{languages!r}]")
    tags: list[str] = []
    for language in languages:
        tag = language_tag(language)
        if not _LANGUAGE.fullmatch(tag):
            raise ValueError(f"{language!r} is not a language tag such as 'fr' or 'fr-CA'")
        tags.append(tag)
    if tags and EXPANSION not in expand:
        raise ValueError(f"languages={tags} needs the translations: add {EXPANSION!r} to expand")
    return tuple(dict.fromkeys(tags))


def view_definitions(languages: Iterable[str]) -> dict[str, str]:
    """Return the statements that create the views, by name: ``talks``, ``talks_fr``, ``talks_fr_ca``.

    SQLite keeps the comments, as it does for tables.

    Args:
        languages: Tags, as ``view_languages`` returns them.
    """
    texts = {"title": "sessions.title", "description": "sessions.description"}
    views = {"talks": _definition("talks", texts, TALKS)}
    for tag in languages:
        subtags = tag.split("-")
        accepted = ", ".join(f"'{'-'.join(subtags[:end])}'" for end in range(len(subtags), 0, -1))
        texts = {
            field: _TRANSLATED.format(field=field, languages=accepted, blanks=_BLANKS) for field in texts
        }
        view = f"talks_{tag.replace('-', '_')}"
        about = f"As talks, with the title and the description in the language {tag} where they have it."
        views[view] = _definition(view, texts, about)
    return views


def view_columns() -> Iterator[tuple[str, str]]:
    """Return the name and the line about each column of ``talks``; the other views have the same columns."""
    for found in _COLUMN.finditer(_TALKS):
        yield found[1], _description(found[1])


def _definition(view: str, texts: Mapping[str, str], about: str) -> str:
    statement = _TALKS.format(view=view, about=about, **texts)
    return _COLUMN.sub(lambda found: f"{found[0]}  -- {_description(found[1])}", statement)


def _description(column: str) -> str:
    return _JOINED.get(column) or column_description("sessions", column)
