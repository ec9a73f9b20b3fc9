"""The part of Prefect Lens that runs in the user's interpreter, next to pytest and Prefect.

This module imports nothing: the language server reads `wire` and `states` out of this package in an
environment that has neither pytest nor Prefect.
"""
