"""The durable engine: what is to be sent is stored first, sent by a worker, and recorded."""
