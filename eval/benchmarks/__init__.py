"""MEASURE, speed and memory: what Sourcier costs, as ratios against named references in the same run."""
