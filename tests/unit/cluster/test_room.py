import re
from pathlib import Path

from generator import cluster


def test_the_room_names_each_of_its_modules_with_its_question():
    modules = {path.stem for path in Path(cluster.__file__).parent.glob("[!_]*.py")}

    assert set(re.findall(r"^    (\w+): .*\?$", cluster.__doc__, re.MULTILINE)) == modules
