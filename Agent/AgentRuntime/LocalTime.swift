import Glibc
import LineFormats

/// The machine's zone, as the C library knows it. A change of the zone itself is seen after a restart.
func localOffsets() -> LocalOffsets { LocalOffsets(localOffset()) }

/// Gives seconds east of UTC for what the machine's clock shows.
func localOffset() -> @Sendable (Int64) -> Int {
    tzset()
    return { shown in
        // The offset at the moment that would be shown in UTC, then at the moment that this offset leads to. `mktime`
        // would say it at once, but looks at the zone's file each time.
        let first = offset(at: shown)
        return offset(at: shown - Int64(first))
    }
}

private func offset(at moment: Int64) -> Int {
    var seconds = time_t(moment)
    var parts = tm()
    return localtime_r(&seconds, &parts) == nil ? 0 : parts.tm_gmtoff
}
