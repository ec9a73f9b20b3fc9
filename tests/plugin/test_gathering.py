"""What spoils a warm parent, and what would be imported after it, is left out by the next one."""

from textwrap import dedent

import pytest

from tests.plugin.driving import run_code
from tests.pythons import MISSING, newest_and_thoroughly_the_rest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("python", newest_and_thoroughly_the_rest())
@pytest.mark.parametrize(
    "start",
    ["threading.Thread(target=held.acquire, daemon=True).start()", "_thread.start_new_thread(held.acquire, ())"],
    ids=["by Python", "past Python"],
)
def test_a_thread_of_what_a_first_flow_imports_ends_what_is_imported_early(python, start, tmp_path):
    if python is None:
        pytest.skip(MISSING)
    (tmp_path / "starting.py").write_text(
        f"import _thread, threading\nheld = _thread.allocate_lock()\nheld.acquire()\n{start}\n"
    )
    code = """
    import sys
    from pathlib import Path
    from pytest_prefect_lens import early, gathering
    sys.path.append(str(Path.cwd()))
    known = Path("known")
    known.write_text("json.tool starting wave")
    try:
        gathering._import_prefect(known, is_to_fork=True)
    except early.SpoiledError as error:
        print(error)
    print(known.read_text(), "json.tool" in sys.modules, "wave" in sys.modules)
    """
    assert run_code(python, dedent(code), tmp_path) == "starting\njson.tool True False\n"
