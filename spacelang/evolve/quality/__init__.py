"""The quality of a space: the best sub-networks under each latency, exactly or by samples."""
