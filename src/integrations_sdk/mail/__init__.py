"""The mail port: messages handed to SMTP servers, under the same rules as requests over HTTP."""
