"""What the other three packages agree on, and every outside thing behind a gateway."""

import os

__version__ = "0.1.0"

# onnxruntime reports its use to its makers unless told not to before it is imported. Nothing here calls out.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
