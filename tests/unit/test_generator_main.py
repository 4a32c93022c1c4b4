from generator.__main__ import causes


def test_what_went_wrong_in_tasks_of_tasks_is_named_itself():
    volume, source = OSError("the volume"), ValueError("the source")
    groups = ExceptionGroup("tasks", [volume, ExceptionGroup("tasks", [source])])

    assert causes(groups) == (volume, source)
    assert causes(volume) == (volume,)
