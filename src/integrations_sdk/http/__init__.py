"""All outbound HTTP: one request model, exchangeable transports, and the rules every call obeys."""
