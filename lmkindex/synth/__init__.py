"""Questions for spans of any corpus, written by a language model and filtered: data for the third stage of training."""
