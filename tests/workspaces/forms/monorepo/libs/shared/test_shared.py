import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))

from shared.flows import shared


def test_shared():
    shared.fn()
