"""The read and write paths over HTTP: translate in, one domain call, translate out."""
