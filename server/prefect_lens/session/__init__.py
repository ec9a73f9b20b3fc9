"""The one mutable thing: takes changes in, hands immutable pictures out. Knows no protocol."""
