import Glibc

/// Ends this process as `kill -9` does: nothing is flushed or closed.
func killSelf() { _ = kill(getpid(), SIGKILL) }
