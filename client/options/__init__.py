"""What can be typed. Nothing here imports what a command does: the watcher has to stay small."""
