import json
import stat
from pathlib import Path

from prefect_lens.engine.folders import state_folder
from prefect_lens.session.trust import FILE, Trust, remember

FOLDER = Path("/projects/one")


def test_what_the_editor_says_holds(tmp_path):
    assert not Trust(editor=False, state=tmp_path).may_run
    assert Trust(editor=True, state=tmp_path).may_run_unasked(FOLDER)
    Trust(editor=True, state=tmp_path).commanded(FOLDER)
    assert list(tmp_path.iterdir()) == []


def test_trust_can_be_granted_later(tmp_path):
    trust = Trust(editor=False, state=tmp_path)
    trust.grant()
    assert trust.may_run


def test_without_the_editors_word_the_first_command_counts_and_is_remembered(tmp_path):
    trust = Trust(editor=None, state=tmp_path / "new")
    assert trust.may_run
    assert not trust.may_run_unasked(FOLDER)
    trust.commanded(FOLDER)
    assert Trust(editor=None, state=tmp_path / "new").may_run_unasked(FOLDER)
    assert not Trust(editor=None, state=tmp_path / "new").may_run_unasked(FOLDER / "other")


def test_what_is_remembered_is_for_its_owners_eyes(tmp_path):
    remember(FOLDER, tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_damaged_memory_is_an_empty_one(tmp_path):
    for text in ("", "{", "[]", '{"folders": 3}', "\udcff"):
        (tmp_path / FILE).write_text(text, errors="surrogateescape")
        assert not Trust(editor=None, state=tmp_path).may_run_unasked(FOLDER)
    remember(FOLDER, tmp_path)
    assert json.loads((tmp_path / FILE).read_text())["folders"] == [str(FOLDER)]


def test_a_state_folder_that_cannot_be_written_means_to_forget(tmp_path):
    (tmp_path / "file").write_text("")
    remember(FOLDER, tmp_path / "file")


def test_the_state_folder_is_the_one_of_the_system(tmp_path):
    assert state_folder({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "prefect-lens"
    assert state_folder({"XDG_STATE_HOME": "relative", "HOME": "/home/ada"}) == Path(
        "/home/ada/.local/state/prefect-lens"
    )
