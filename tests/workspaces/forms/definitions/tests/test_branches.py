from kinds import asynchronous, branches, jupytext_export, notebook


def test_in_with():
    branches.in_with.fn()


def test_in_loop():
    branches.in_loop.fn()


def test_in_if():
    branches.in_if.fn()


def test_two_on_one_line():
    branches.first_flow.fn()


def test_lambda_on_one_line():
    branches.second_flow.fn()


def test_one_line_if():
    branches.only_task.fn()


def test_notebook():
    notebook.sales.fn()


def test_notebook_export():
    jupytext_export.report.fn()


async def test_async():
    await asynchronous.gather.fn()


async def test_async_generator():
    await asynchronous.loop.fn()


def test_generator():
    assert list(asynchronous.numbers.fn()) == [1, 2]


def test_next_of_a_generator():
    next(asynchronous.numbers.fn())
