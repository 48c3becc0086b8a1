"""EventBridge's schedules: rules with rate(...) and cron(...) fire their targets on the lab clock."""
