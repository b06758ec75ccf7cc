"""What the other three packages agree on, and every outside thing behind a gateway."""

__version__ = "0.1.0"
