"""Definitions in blocks."""

import os
import sys

from prefect import flow, task

if sys.platform == "nothing like it":

    @task
    def platform_task():
        return "other"

else:

    @task
    def platform_task():
        return "this"


try:
    import a_module_that_is_missing

    @flow
    def tried():
        return "with"

except ImportError:

    @flow
    def tried():
        return "without"


with open(os.devnull) as _nothing:

    @flow
    def in_with():
        return 1


for _ in range(1):

    @flow
    def in_loop():
        return 1


if True:

    @flow
    def in_if():
        return 1


def first(): return 1
first_flow = flow(first); second_flow = flow(lambda: 2, name="second")
if os.environ: only_task = task(lambda: 3, name="only")
