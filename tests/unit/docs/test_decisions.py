import re
from pathlib import Path

DECISIONS = Path(__file__).parents[3] / "docs/decisions"
ENTRY = re.compile(r"^- \[(\d{4})\]\((\S+)\) (.+)$", re.MULTILINE)


def test_the_index_names_every_decision_by_its_number_and_title():
    records = sorted(DECISIONS.glob("0*.md"))
    titles = [record.read_text().partition("\n")[0].removeprefix("# ") for record in records]
    names = [record.name for record in records]
    expected = [(name[:4], name, title) for name, title in zip(names, titles, strict=True)]
    assert ENTRY.findall((DECISIONS / "README.md").read_text()) == expected
