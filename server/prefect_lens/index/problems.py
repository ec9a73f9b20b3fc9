"""The codes of what the index finds wrong by reading. They stand beside the states' codes and never change."""

SYNTAX_ERROR = "PL501"
CONFIG_DOES_NOT_PARSE = "PL502"
UNKNOWN_KEY = "PL503"
WRONG_TYPE = "PL504"
UNREADABLE_FILE = "PL505"
NO_SUCH_FLOW = "PL506"
IMPOSSIBLE = "PL507"
