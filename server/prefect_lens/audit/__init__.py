"""The audit trail: who ran what, when, with what result. Append-only, chained, sealed with a key that no test holds."""
