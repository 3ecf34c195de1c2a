"""Make the table of transitions in docs/architecture.md from core.transitions; tools.doc_tables writes it."""

from core.transitions import TRANSITIONS, Lease, Transition


def make_transitions_table() -> str:
    """List every transition with its guards and its effects on the claim, the attempts and the lease."""
    lines = ["| transition | from | to | only if | claim | attempts | lease |", "|---|---|---|---|---|---|---|"]
    for step in TRANSITIONS:
        sources = ", ".join(sorted(step.sources))
        effects = (
            f"{_show_change(step.claim)} | {_show_change(step.attempts)} | {'set' if step.lease is Lease.SET else ''}"
        )
        lines.append(f"| `{step.name}` | {sources} | {step.target} | {_list_guards(step)} | {effects} |")
    return "\n".join(lines)


def _list_guards(step: Transition) -> str:
    guards = ["the caller holds the claim"] if step.fenced else []
    if step.lease_over:
        guards.append("the lease ran out")
    if step.attempts_left is not None:
        guards.append("attempts are left" if step.attempts_left else "no attempt is left")
    return ", ".join(guards)


def _show_change(change: int) -> str:
    return f"{change:+d}" if change else ""
