"""Programs that measure; they judge no test."""
