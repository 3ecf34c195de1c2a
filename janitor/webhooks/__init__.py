"""The sender of webhooks: it runs beside the sweeps, so that a slow receiver stops none of them."""
