"""What the benchmarks share: interleaved rounds, the report, and a server in another process."""
