"""What is run by an interpreter that has a library which need not be ours. No other module imports these."""
