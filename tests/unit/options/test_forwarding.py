"""What backends are told of a client, as global options say."""

from generator.directives import Text
from generator.options.declaration import GlobalValues
from generator.options.forwarding import (
    ALLOWED_UPGRADE_PROTOCOLS,
    GROUP,
    PASSED_CLIENT_HEADERS,
    USE_FORWARDED_HEADERS,
)


def statements(given):
    effects = GROUP.all_effects(GlobalValues(given))
    return [statement for effect in effects for statement in effect.statements]


def cleared(given):
    return {
        each.arguments[0].text
        for each in statements(given)
        if each.name == "proxy_set_header" and each.arguments[1] == Text("")
    }


def test_a_header_that_an_admin_passes_on_is_not_cleared_and_others_are():
    passed = PASSED_CLIENT_HEADERS.parse("x-original-url")
    assert cleared({}) - cleared({PASSED_CLIENT_HEADERS: passed}) == {"X-Original-URL"}


def test_how_a_request_came_is_believed_and_who_asks_is_not():
    believed = cleared({}) - cleared({USE_FORWARDED_HEADERS: True})
    assert {"Forwarded", "X-Forwarded-Prefix"} <= believed
    assert believed.isdisjoint({"X-Auth-Request-User", "X-Original-URL", "ssl-client-verify"})


def test_further_protocols_are_let_through_whole_alone():
    allowed = ALLOWED_UPGRADE_PROTOCOLS.parse("WebSocket, SPDY/3.1")
    (table,) = [
        each
        for each in statements({ALLOWED_UPGRADE_PROTOCOLS: allowed})
        if each.name == "map" and each.arguments[1].text == "$pillion_upgrade"
    ]
    assert [row.key for row in table.body[1:]] == [Text("websocket"), Text("spdy/3.1")]
