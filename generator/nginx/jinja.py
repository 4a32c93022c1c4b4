"""Templates: text that is compiled once and then turns views into configuration.

Sandboxed: who may write a template need not be allowed to run Python here.
Whatever is written out has to come from `quoting`.
"""

import difflib
import traceback
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import jinja2
from jinja2 import FunctionLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from generator.directives import File
from generator.nginx import quoting
from generator.nginx.errors import TemplateError

_BLOCK = 1 << 18
"""How much is split into lines at once: no other thread gets its turn meanwhile."""

NAMES = (
    *("nginx.j2", "http.j2", "piece.j2", "server.j2", "location.j2"),
    *("upstream.j2", "pool.j2"),
)
"""All there are; `http.j2` and `location.j2` are included by others."""


class Template(Struct, frozen=True):
    """One template's text, and the file that it came from, for messages."""

    file: str
    text: str


class TemplateSet(Struct, frozen=True, dict=True):
    """A template of each name."""

    templates: Mapping[str, Template]
    program: File = File(b"")
    """What Lua runs, where nginx takes endpoints without a reload. Nothing shadows it."""

    def compile(self) -> None:
        """Raise TemplateError for the first template that is not Jinja."""
        for name in NAMES:
            self._compiled(name)

    def render(self, name: str, **values: object) -> str:
        """Render one template. Raises TemplateError, whatever goes wrong in it."""
        template = self._compiled(name)
        try:
            return template.render(values)
        except TemplateSyntaxError as error:
            raise self._syntax(error) from error
        except Exception as error:  # a template can raise anything
            file, line = self._place(error) or (self.templates[name].file, 0)
            raise TemplateError(file, line, str(error)) from error

    def _compiled(self, name: str) -> jinja2.Template:
        try:
            return self._jinja.get_template(name)
        except TemplateSyntaxError as error:
            raise self._syntax(error) from error

    def _syntax(self, error: TemplateSyntaxError) -> TemplateError:
        return TemplateError(error.filename or str(error.name), error.lineno, str(error.message))

    def _place(self, error: Exception) -> tuple[str, int] | None:
        """Return file and line of the innermost template; jinja2 puts them into the traceback."""
        files = {template.file for template in self.templates.values()}
        frames = traceback.extract_tb(error.__traceback__)
        places = [(f.filename, f.lineno or 0) for f in frames if f.filename in files]
        return places[-1] if places else None

    @cached_property
    def _jinja(self) -> jinja2.Environment:
        jinja = _Sandbox(
            loader=FunctionLoader(self._load),
            undefined=_Undefined,
            finalize=quoting.refuse_plain,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        jinja.filters |= {"indent": indent, "text": quoting.text, "word": quoting.word}
        return jinja

    def _load(self, name: str) -> tuple[str, str, None] | None:
        template = self.templates.get(name)
        return (template.text, template.file, None) if template else None


class _Undefined(StrictUndefined):
    """Says what a view has instead of what was asked for."""

    @property
    def _undefined_message(self) -> str:
        view, name = self._undefined_obj, self._undefined_name
        if not isinstance(view, Struct):
            return super()._undefined_message
        near = difflib.get_close_matches(str(name), view.__struct_fields__, n=1)
        way_out = f"Did you mean {near[0]}?" if near else f"It has {_listed(view)}."
        return f"{type(view).__name__} has no {name}. {way_out}"


def _listed(view: Struct) -> str:
    return ", ".join(view.__struct_fields__)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with a short way to the fields of views.

    Its checks of each attribute took half of the time of a render; a field of a
    Struct passes them all.
    """

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 - as in the base
        if isinstance(obj, Struct) and attribute in obj.__struct_fields__:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


def indent(text: str, width: int) -> str:
    r"""Indent every line that is not empty.

    Jinja's own filter takes U+2028 and others for line ends and so would change values;
    here only \n is one, which no written value holds.
    """
    margin, blocks, begin = " " * width, [], 0
    while begin < len(text):
        end = text.find("\n", begin + _BLOCK) + 1 or len(text)
        lines = text[begin:end].split("\n")
        blocks.append("\n".join([margin + line if line else line for line in lines]))
        begin = end
    return "".join(blocks)
