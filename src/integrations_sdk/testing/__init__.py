"""For tests: stand-in vendors on loopback, fakes at the ports, and contract suites that backends inherit."""
