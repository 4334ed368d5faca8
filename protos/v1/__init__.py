"""Messages and services of the gRPC package ``plurale.v1``, with the code generated from them."""
