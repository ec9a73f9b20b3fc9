"""pytest's hooks. PYTEST_DONT_REWRITE."""
