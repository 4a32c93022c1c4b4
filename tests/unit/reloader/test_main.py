import pytest

from reloader.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: --volume"),
        (["--volume", "v", "--status-port", "0"], "'0' is not a port, a number from 1 to 65535"),
        (["--volume", "v", "--http-port", "http"], "'http' is not a port"),
        (["--volume", "v", "--poll-interval", "0"], "'0' is not a number of seconds above 0"),
        (["--volume", "v", "--check-timeout", "soon"], "'soon' is not a number of seconds"),
        (["--volume", "v", "--prot", "1"], "unrecognized arguments: --prot"),
    ],
)
def test_a_flag_that_cannot_be_is_told_in_one_line(arguments, message, capsys, monkeypatch):
    monkeypatch.delenv("PILLION_VOLUME", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
