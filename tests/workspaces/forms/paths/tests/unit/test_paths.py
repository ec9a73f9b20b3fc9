"""Modules that are loaded by their path."""

import importlib
import importlib.machinery
import importlib.util
import os
import pkgutil
import runpy
import sys
from importlib import import_module
from pathlib import Path

import pytest

from loading import load, load_file

HERE = os.path.dirname(__file__)
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "vendor" / "two"))

import common
import other
import tools

_spec = importlib.util.spec_from_file_location("etl_of_the_scripts", ROOT / "scripts" / "etl.py")
etl_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(etl_module)
etl = etl_module.etl

NAMES = ["morning", "evening"]


def test_spec():
    etl.fn()


def test_attribute_of_a_loaded_module():
    etl_module.etl_task.fn(1)


def test_helper_in_another_file():
    load("report").report.fn()


def test_name_with_a_dash():
    load_file(ROOT / "scripts" / "load-data.py").load_data.fn()


def test_os_path_join():
    load_file(os.path.join(HERE, "..", "..", "scripts", "report.py")).report_task.fn()


def test_os_path_of_abspath():
    here = os.path.abspath(os.path.dirname(__file__))
    load_file(os.path.join(os.path.dirname(os.path.dirname(here)), "scripts", "etl.py")).etl_task.fn()


def test_joinpath():
    load_file(Path(__file__).parents[2].joinpath("jobs", "weekly.py")).weekly.fn()


def test_f_string_path():
    load_file(f"{ROOT}/jobs/weekly.py").weekly_task.fn()


def test_with_suffix():
    load_file((ROOT / "scripts" / "etl").with_suffix(".py")).etl.fn()


def test_fixture_gives_the_folder(scripts):
    load_file(scripts / "report.py").report.fn()


def test_source_file_loader():
    module = importlib.machinery.SourceFileLoader("again", str(ROOT / "scripts" / "etl.py")).load_module()
    module.etl.fn()


def test_run_path():
    found = runpy.run_path(str(ROOT / "scripts" / "report.py"))
    found["report"].fn()


def test_run_module():
    runpy.run_module("jobs.weekly")["weekly"].fn()


def test_import_module():
    import_module("jobs.weekly").weekly.fn()


def test_importlib_import_module():
    importlib.import_module("jobs.daily.morning").morning.fn()


def test_relative_import_module():
    importlib.import_module(".evening", package="jobs.daily").evening.fn()


def test_import_module_of_a_formatted_name():
    name = "morning"
    importlib.import_module(f"jobs.daily.{name}").morning_task.fn()


@pytest.mark.parametrize("name", NAMES)
def test_import_module_for_each_name(name):
    getattr(importlib.import_module(f"jobs.daily.{name}"), name).fn()


def test_import_module_in_a_loop():
    for name in NAMES:
        module = importlib.import_module("jobs.daily." + name)
        getattr(module, name).fn()


def test_import_module_of_path_parts():
    folder = Path(__file__).parents[2] / "jobs" / "daily"
    name = ".".join(["jobs", folder.name, "evening"])
    importlib.import_module(name).evening_task.fn()


def test_format_method():
    importlib.import_module("jobs.{}".format("weekly")).weekly.fn()


def test_percent():
    importlib.import_module("jobs.%s" % "weekly").weekly.fn()


def test_dunder_import():
    __import__("jobs.weekly", fromlist=["weekly"]).weekly.fn()


def test_iter_modules():
    import jobs.daily as daily

    for found in pkgutil.iter_modules(daily.__path__):
        module = importlib.import_module(f"jobs.daily.{found.name}")
        getattr(module, found.name).fn()


def test_glob():
    for path in sorted((ROOT / "jobs" / "daily").glob("*ing.py")):
        getattr(load_file(path), path.stem).fn()


def test_path_by_conftest():
    tools.tool.fn()


def test_inserted_by_conftest():
    common.one.fn()


def test_inserted_here():
    other.other.fn()


def test_syspath_prepend(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "plugins"))
    import extra

    extra.extra.fn()


def test_beside_the_test():
    from local_flows import local

    local.fn()


def test_importorskip():
    weekly = pytest.importorskip("jobs.weekly")
    weekly.weekly.fn()


def test_resolve_name():
    pkgutil.resolve_name("jobs.weekly:weekly").fn()


def test_script_as_main():
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=600):
        runpy.run_path(str(ROOT / "scripts" / "module.py"), run_name="__main__")


@pytest.fixture(scope="module")
def main():
    return load_file(ROOT / "flows" / "main.py")


def test_fixture_gives_the_module(main):
    main.main.fn()


@pytest.fixture(params=["main", "side"])
def each(request):
    return getattr(load_file(ROOT / "flows" / f"{request.param}.py"), request.param)


def test_parametrized_fixture_gives_flows(each):
    each.fn()
