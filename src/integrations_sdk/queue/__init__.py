"""The `Queue` port: what is to be delivered, stored before it is sent."""
