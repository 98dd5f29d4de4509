"""The findings of a run → a report for people: how many, where, what to do next, how far it has come."""
