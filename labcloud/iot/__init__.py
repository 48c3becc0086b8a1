"""AWS IoT Core's data plane: joins the broker, the registry, the rules and the HTTP publish."""
