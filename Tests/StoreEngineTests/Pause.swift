import Glibc

/// Lets others run between two looks at something.
func pause() { usleep(1_000) }
