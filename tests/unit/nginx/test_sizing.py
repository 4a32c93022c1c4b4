"""Sizes that follow from what is served."""

from generator.directives import Size
from generator.nginx.sizing import dictionary, sizes
from tests.drivers.models import server, upstream


def named(count, length=20):
    return [server(f"{number:0{length}}") for number in range(count)]


def test_the_longest_host_fits_a_bucket_with_room_to_spare():
    assert sizes(named(1, length=253), []).names_bucket >= 2 * (253 + 16)


def test_wildcards_need_no_room_among_the_names():
    assert sizes([server("*." + "a" * 251)], []) == sizes([], [])


def test_few_changes_move_a_size():
    found = {sizes(named(count), []).names_max for count in range(500, 1000, 50)}
    assert found == {2048, 4096}


def test_the_zone_grows_with_the_endpoints():
    many = upstream("many", *[("10.0.0.1", port) for port in range(5000)])
    assert sizes([], []).zone == Size(1 << 20)
    assert sizes([], [many]).zone == Size(16 << 20)


def test_the_dictionary_grows_in_steps_with_what_it_holds():
    one, surge = " 10.0.0.1:8080", " 10.0.0.1:8080" * 10
    assert dictionary([]) == Size(1 << 20)
    assert dictionary([one] * 10_000) == Size(16 << 20)
    assert dictionary([surge] * 10_000) == Size(16 << 20)
    assert dictionary([one * 1000] * 1000) == Size(32 << 20)
