from generator import problems
from generator.objects import Kind, Name, ObjectRef
from generator.problems import Code, Severity

SHOP = ObjectRef(Kind.INGRESS, Name("default", "shop"))


def complaint(say=problems.error, **parts):
    return say(SHOP, "spec", Code.PATH_INVALID, "It is wrong.", "Write another.", **parts)


def test_advice_is_the_way_out_and_what_holds_meanwhile():
    assert complaint(meanwhile="it is left out").advice == (
        "Write another. Meanwhile: it is left out."
    )


def test_where_nothing_holds_meanwhile_advice_is_the_way_out_alone():
    assert complaint().advice == "Write another."


def test_each_way_to_say_a_problem_has_its_severity():
    ways = (problems.error, problems.warning, problems.info)
    assert [complaint(say).severity for say in ways] == list(Severity)
