from lib import flows


def test_plain():
    flows.helper(1)
