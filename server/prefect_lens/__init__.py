"""Prefect Lens: a language server for people who write and test Prefect flows."""

__version__ = "0.1.0"
