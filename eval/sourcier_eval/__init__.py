"""MEASURE: the same read path, without HTTP, one row per question."""
