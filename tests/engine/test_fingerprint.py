"""What is installed is known to have changed when it has, and not when it is used."""

from prefect_lens.engine.fingerprint import of_installation
from prefect_lens.model import EnvironmentKind, Interpreter


def test_what_an_import_leaves_behind_is_no_change_and_what_an_installation_does_is_one(tmp_path):
    site, package = tmp_path / "site-packages", tmp_path / "site-packages" / "thing"
    metadata = site / "thing-1.dist-info"
    package.mkdir(parents=True)
    metadata.mkdir()
    (package / "__init__.py").touch()
    python = Interpreter(str(tmp_path / "python"), "test", EnvironmentKind.PIP, site_packages=(str(site),))

    def of_now():
        return of_installation(python)

    before = of_now()
    (package / "__pycache__").mkdir()
    (site / "__pycache__").mkdir()
    assert of_now() == before, "code that was compiled at its first import"

    (metadata / "RECORD").touch()
    installed_anew = of_now()
    assert installed_anew != before
    package.rename(site / "other")
    renamed = of_now()
    assert renamed != installed_anew
    (site / "editable.pth").write_text("/somewhere")
    linked = of_now()
    assert linked != renamed
    (site / "editable.pth").write_text("/elsewhere")
    assert of_now() != linked
