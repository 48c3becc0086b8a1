"""The front door of the AWS API: who asks, for which operation, is it served, is it allowed, who answers."""
