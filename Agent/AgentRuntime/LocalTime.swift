import Glibc
import LineFormats

/// The machine's zone, as the C library knows it. A change of the zone itself is seen after a restart.
func localOffsets() -> LocalOffsets {
    tzset()
    return LocalOffsets { shown in
        // What the clock shows, taken apart as if it were UTC, and put together as local time.
        var seconds = time_t(shown)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return 0 }
        parts.tm_isdst = -1
        let moment = mktime(&parts)
        return moment == -1 ? 0 : Int(shown) - moment
    }
}
