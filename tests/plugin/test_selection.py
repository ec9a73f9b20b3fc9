"""Which of the collected tests an order asks for."""

from pytest_prefect_lens.naming import test_id_from as id_from
from pytest_prefect_lens.selection import select
from pytest_prefect_lens.wire import TestId


def ids(*names: str, path: str = "/p/test_a.py") -> list[tuple[TestId, str]]:
    """Collected tests; each stands for its own item."""
    return [(id_from(f"{path}::{name}", "/"), name) for name in names]


def asked(*names: str, path: str = "/p/test_a.py") -> tuple[TestId, ...]:
    return tuple(test for test, _ in ids(*names, path=path))


def test_an_order_for_nothing_in_particular_keeps_everything():
    assert select(ids("test_a", "test_b"), ()).kept == ("test_a", "test_b")


def test_a_function_stands_for_all_of_its_parameters():
    selection = select(ids("test_a[1]", "test_a[2]", "test_b"), asked("test_a"))
    assert (selection.kept, selection.rest) == (("test_a[1]", "test_a[2]"), ("test_b",))


def test_a_parameter_narrows_it_to_one_case():
    assert select(ids("test_a[1]", "test_a[2]"), asked("test_a[2]")).kept == ("test_a[2]",)


def test_a_parameter_whose_id_has_changed_stands_for_the_function():
    selection = select(ids("test_a[<0x7f2>]", "test_a[<0x7f3>]"), asked("test_a[<0x7f1>]"))
    assert selection.kept == ("test_a[<0x7f2>]", "test_a[<0x7f3>]")
    assert selection.missing == ()


def test_a_test_that_is_gone_is_missing_unless_its_file_could_not_be_read():
    gone = asked("test_gone")
    assert select(ids("test_a"), gone).missing == gone
    assert select(ids("test_a"), gone, broken_files=["/p/test_a.py"]).missing == ()
    assert select(ids("test_a"), gone, broken_files=["/p/conftest.py"]).missing == ()
    assert select(ids("test_a"), gone, broken_files=["/p/other/conftest.py"]).missing == gone


def test_files_come_as_asked_and_within_one_the_order_is_pytests():
    collected = ids("test_1", "test_2") + ids("test_3", "test_4", path="/p/test_b.py")
    tests = (*asked("test_4", path="/p/test_b.py"), *asked("test_2", "test_1"))
    assert select(collected, tests).kept == ("test_4", "test_1", "test_2")


def test_a_whole_file_is_asked_for_beside_single_tests():
    collected = ids("test_1", "test_2") + ids("test_3", "test_4", path="/p/test_b.py")
    assert select(collected, asked("test_2"), ("/p/test_b.py",)).kept == ("test_2", "test_3", "test_4")


def test_a_folder_stands_for_the_files_in_it():
    collected = ids("test_1") + ids("test_2", path="/p/sub/deep/test_b.py") + ids("test_3", path="/p/subtle.py")
    assert select(collected, (), ("/p/sub",)).kept == ("test_2",)


def test_a_file_is_the_same_through_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    collected = ids("test_a", path=str(tmp_path / "real" / "test_a.py"))
    assert select(collected, asked("test_a", path=str(tmp_path / "link" / "test_a.py"))).kept == ("test_a",)


def test_a_node_id_is_read_however_strange_its_parameters_are():
    assert id_from("test_a.py::TestC::test_m[a::b]c[d]", "/p") == TestId(
        "/p/test_a.py", ("TestC", "test_m"), "a::b]c[d"
    )
    assert id_from("sub/test_a.py::test_m", "/p") == TestId("/p/sub/test_a.py", ("test_m",))


def test_the_group_that_xdist_writes_behind_a_name_is_no_part_of_it():
    assert id_from("test_a.py::test_m@slow", "/p").names == ("test_m",)
    assert id_from("test_a.py::test_m[a@b]@slow", "/p").params == "a@b"
