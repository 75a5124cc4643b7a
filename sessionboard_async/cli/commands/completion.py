"""``sessionboard completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_NAME = "sessionboard"
_VARIABLE = "_SESSIONBOARD_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that lets SHELL complete commands, options and names with Tab.

    To install it, run one of these once, and open a new terminal:

    \b
      sessionboard completion bash >> ~/.bashrc
      sessionboard completion zsh >> ~/.zshrc
      sessionboard completion fish > ~/.config/fish/completions/sessionboard.fish
    """  # noqa: D301  # \b is a character, which keeps click from filling the lines
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  # the choice is among those of click
    group = click.get_current_context().find_root().command
    click.echo(kind(group, {}, _NAME, _VARIABLE).source())
