"""What a run finds in its environment: fetched from where it lives when a person asks for a run, and kept nowhere else.

Nothing here is called when a folder is opened, and no value is written anywhere.
"""
