"""The wire: messages, their one conversion to and from the domain, status codes and channels."""
