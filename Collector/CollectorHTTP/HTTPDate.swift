import LogModel
import Synchronization
import SystemIO

/// The value of `Date`, made once a second (RFC 9110, section 5.6.7).
final class HTTPDate: Sendable {
    private let cached = Mutex<(second: Int64, text: String)>((-1, ""))

    /// The text for now.
    var text: String {
        let second = SystemClock.wallNanos() / 1_000_000_000
        return cached.withLock { cached in
            if cached.second != second { cached = (second, Self.text(second: second)) }
            return cached.text
        }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    static func text(second: Int64) -> String {
        let day = Int(second >= 0 ? second / 86_400 : (second - 86_399) / 86_400)
        let clock = Int(second) - day * 86_400
        let date = CivilDate(daysSinceEpoch: day)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days[date.weekday]), \(two(date.day)) \(months[date.month - 1]) \(date.year) "
            + "\(two(clock / 3_600)):\(two(clock / 60 % 60)):\(two(clock % 60)) GMT"
    }
}
