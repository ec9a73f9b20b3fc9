import steps
from only_here import only_here


def test_the_root_comes_first():
    assert steps.installed.fn() == "installed"


def test_the_folder_comes_last():
    only_here.fn()
