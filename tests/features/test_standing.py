from prefect_lens.features.standing import FolderStanding, standing


def folder(read=None, *, uses_prefect=True):
    return FolderStanding("/projects", (), uses_prefect, read)


def test_reading_is_told_with_how_far_it_is_over_all_folders():
    now = standing((folder((1200, 9000)), folder((10, 1000)), folder()), None, may_run=True)
    assert (now.state, now.text, now.done, now.total) == ("indexing", "indexing 1,210/10,000", 1210, 10_000)


def test_before_the_files_are_counted_there_is_no_number():
    assert standing((folder((0, 0)),), None, may_run=True).text == "indexing"


def test_a_run_is_told_before_all_else():
    assert standing((folder((1, 2)),), (2, 7), may_run=True).text == "running 2/7"


def test_a_folder_without_prefect_and_an_untrusted_one_say_so():
    assert standing((folder(uses_prefect=False),), None, may_run=True).state == "noPrefect"
    assert standing((folder(),), None, may_run=False).state == "untrusted"
