"""Budget-matched evaluation against chunking: datasets -> corpus -> pieces -> rankings -> scores -> tables (docs/evaluation.md)."""
