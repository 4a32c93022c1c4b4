"""A folder that is edited while it is watched."""

import asyncio
import shutil
from collections.abc import Callable

import pytest

from generator.manifests import ManifestSource

from .conftest import written


def serve(manifests, *edits: Callable[[], object], poll_s: float = 60) -> list[str]:
    """The names of the Ingresses after each edit; each has to show by itself."""

    async def run() -> list[str]:
        source = ManifestSource([manifests.path], poll_s=poll_s)
        reading = asyncio.create_task(source.run())
        await source.ready()
        source.snapshot()
        seen = []
        for edit in edits:
            edit()
            await asyncio.wait_for(source.changed(), 10)
            seen.append(" ".join(name.name for name in source.snapshot().ingresses))
        reading.cancel()
        return seen

    return asyncio.run(run())


def test_a_new_file_and_its_edit_show(manifests):
    seen = serve(
        manifests,
        lambda: manifests.write(written("a")),
        lambda: manifests.write(written("b")),
    )
    assert seen == ["a", "b"]


def test_a_file_that_an_editor_renames_into_place_shows(manifests):
    def edit():
        manifests.write(written("b"), ".a.swp")
        (manifests.path / ".a.swp").rename(manifests.path / "a.yaml")

    assert serve(manifests, lambda: manifests.write(written("a")), edit) == ["a", "b"]


def test_a_new_sub_folder_and_its_end_show(manifests):
    manifests.write(written("a"))
    seen = serve(
        manifests,
        lambda: manifests.write(written("b"), "sub/b.yaml"),
        lambda: manifests.write(written("c"), "sub/b.yaml"),
        lambda: shutil.rmtree(manifests.path / "sub"),
    )
    assert seen == ["a b", "a c", "a"]


def test_the_swap_of_a_mounted_config_map_shows(manifests):
    root = manifests.path

    def mount(name):
        manifests.write(written(name), f"..{name}/a.yaml")
        (root / "..tmp").symlink_to(f"..{name}")
        (root / "..tmp").rename(root / "..data")

    mount("a")
    (root / "a.yaml").symlink_to("..data/a.yaml")
    assert serve(manifests, lambda: mount("b")) == ["b"]


def test_a_file_that_is_emptied_and_filled_again_is_never_seen_empty(manifests):
    manifests.write(written("a"))

    def edit():
        (manifests.path / "a.yaml").write_text("")
        manifests.write(written("b"))

    assert serve(manifests, edit) == ["b"]


def test_without_a_hint_the_poll_finds_it(manifests):
    outside = manifests.path.with_name("outside.yaml")
    outside.write_text(written("a"))
    (manifests.path / "link.yaml").symlink_to(outside)
    # The link's target lies in no folder that is watched.
    assert serve(manifests, lambda: outside.write_text(written("b")), poll_s=0.05) == ["b"]


def test_an_edit_that_changes_nothing_is_no_news(manifests):
    manifests.write(written("a"))
    with pytest.raises(TimeoutError):
        serve_quietly(manifests, lambda: manifests.write(f"{written('a')}\n"))


def serve_quietly(manifests, edit) -> None:
    async def run() -> None:
        source = ManifestSource([manifests.path], poll_s=0.05)
        reading = asyncio.create_task(source.run())
        await source.ready()
        source.snapshot()
        edit()
        try:
            await asyncio.wait_for(source.changed(), 0.5)
        finally:
            reading.cancel()

    asyncio.run(run())
