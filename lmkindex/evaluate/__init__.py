"""Budget-matched evaluation against chunking: datasets -> corpus -> pieces -> rankings -> scores -> tables
(evaluate-your-own-set.md, "What is measured")."""
