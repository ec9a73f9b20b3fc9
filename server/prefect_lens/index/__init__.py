"""What the code says, without importing or running it: flows, tasks, tests, and which test reaches which definition.

From the bottom up: `facts` reads one file, `config` reads pytest's configuration, `resolve` finds modules, `values`
and `interpret` follow the code, `collect` and `fixtures` know pytest's rules, `reach` tells what a test runs, and
`snapshot` holds it all for one moment. No module here does I/O.
"""
