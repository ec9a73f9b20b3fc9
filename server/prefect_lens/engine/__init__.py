"""Starting runs and hearing back. Knows nothing of editors; the session and the command both call it."""
