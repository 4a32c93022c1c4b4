"""The pages that are made from the code say what the code says."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAMS = ("generator", "reloader", "pillion")


def load_reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("path", "text"), load_reference().pages().items(), ids=str)
def test_a_page_is_what_the_code_says(path, text):
    assert path.read_text() == text, "run `make golden` and read the difference"


def logged_events():
    """The first argument of every call that logs, with its place."""
    for program in PROGRAMS:
        for path in sorted((ROOT / program).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if is_log_call(node):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0]


def is_log_call(node):
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=level), args=[_, *_]):
            return level in {"debug", "info", "warning", "error", "critical", "exception"}
        case ast.Call(func=ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id="log"), *_])):
            return True
    return False


def test_every_logged_event_is_a_member_of_the_closed_list():
    places = list(logged_events())
    assert len(places) > 20
    loose = [(place, ast.unparse(event)) for place, event in places if not names_a_member(event)]
    assert loose == []


def names_a_member(event):
    """`Event.SOMETHING`, or a variable or attribute `event`, whose type mypy knows."""
    return re.fullmatch(r"Event\.[A-Z_]+|(\w+\.)?event", ast.unparse(event)) is not None


REFERENCE = load_reference()
EVENTS = {
    "generator": [*REFERENCE.GeneratorEvent],
    "reloader": [*REFERENCE.ReloaderEvent, *REFERENCE.SharedEvent],
    "pillion": [*REFERENCE.PillionEvent],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_event_of_the_list_is_logged_by_its_program_and_described(program):
    source = "".join(path.read_text() for path in (ROOT / program).rglob("*.py"))
    events = EVENTS[program]
    assert [e.name for e in events if not re.search(rf"\bEvent\.{e.name}\b", source)] == []
    assert [e.name for e in events if not e.description.endswith((".", ")."))] == []
