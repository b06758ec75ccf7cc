"""WRITE: file -> pages -> chunks -> vectors -> index generation."""
