"""What is told of the files of modules that change."""

import sys
from types import ModuleType

import pytest
from pytest_prefect_lens.watching import Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uses inotify")


def test_a_module_whose_file_changes_is_told_and_no_other_file(tmp_path, monkeypatch):
    file = tmp_path / "of_nobody.py"
    file.write_text("one")
    module = ModuleType("of_nobody")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "of_nobody", module)
    watch = Watch()
    assert watch.changed() is None
    (tmp_path / "another.py").write_text("two")
    (tmp_path / "__pycache__").mkdir()
    assert watch.changed() is None
    file.write_text("two")
    assert watch.changed() == str(file)
    (tmp_path / "new.py").write_text("three")
    (tmp_path / "new.py").replace(file)
    assert watch.changed() == str(file)
    watch.end()
    assert watch.descriptor < 0
