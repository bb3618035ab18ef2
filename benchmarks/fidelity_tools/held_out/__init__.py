"""The held-out corpus: other texts, layouts and producers than those that the readers were developed on."""
