"""What scripts/run-suites is made of: a log, builds, suites, what a change touches, and who runs when."""
