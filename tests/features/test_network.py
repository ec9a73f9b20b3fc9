import tomllib

from prefect_lens.features.network import for_reached, limited


def test_what_a_line_reaches_can_be_made_all_that_is_reached():
    message = "Not hermetic: reaches api.example.com\nNot hermetic: reaches 192.0.2.1"
    (action,) = for_reached("flows/a.py", message)
    assert action.title == "Let the tests reach api.example.com and 192.0.2.1, and nothing else"
    assert action.call.arguments == {"path": "flows/a.py", "hosts": ["api.example.com", "192.0.2.1"]}
    assert for_reached("flows/a.py", "another sentence") == ()


def test_the_configuration_begins_with_all_that_was_inherited():
    for before in ("", '[project]\nname = "x"', '[project]\nname = "x"\n'):
        edit = limited(before, ["api.example.com"])
        assert edit is not None
        after = tomllib.loads(before + edit.text)
        assert after["tool"] == {"prefect-lens": {"environment": {"inherit": True, "network": ["api.example.com"]}}}
        assert edit.span.start.line == before.count("\n")


def test_an_environment_that_is_there_is_left_to_its_author():
    assert limited('[tool.prefect-lens.environment]\nnetwork = "loopback"\n', ["api.example.com"]) is None
    assert limited("no [ toml", ["api.example.com"]) is None
