import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE / "lib"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "vendor", "one"))


@pytest.fixture
def scripts():
    return HERE / "scripts"
