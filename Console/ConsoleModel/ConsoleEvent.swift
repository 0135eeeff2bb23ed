package import CollectorAPI
package import LogModel
package import ScreenModel

/// When something happened: the wall clock for people, a steady clock (nanoseconds) for waiting and rates.
package struct Moment: Sendable, Equatable {
    package var wall: Timestamp
    package var steady: Int64

    package init(wall: Timestamp, steady: Int64) {
        self.wall = wall
        self.steady = steady
    }
}

/// How the live tail's connection stands.
package enum TailConnection: Sendable, Equatable {
    case connecting
    case live
    /// Broken; the next attempt starts at this moment of the steady clock.
    case waiting(retryAt: Int64)
    /// The collector refused the query; nothing is tried again until it changes.
    case refused(Problem)
}

/// Everything that can happen to the console.
package enum ConsoleEvent: Sendable {
    case key(Key)
    case resized(width: Int, height: Int)
    /// A second has passed.
    case tick
    /// Ctrl-C as a signal.
    case interrupted
    /// Lines of the tail with this number; those of an older one are not wanted any more.
    case tail(Int, TailBatch)
    case tailConnection(Int, TailConnection)
    case searched(Int, Result<SearchPage, RequestFailure>, nanoseconds: Int64)
    case counted(Int, Result<LevelCounts, RequestFailure>)
    /// The collector answered a health check after this many nanoseconds.
    case linkUp(roundTrip: Int64)
    /// It did not; the next attempt starts at `retryAt` of the steady clock.
    case linkLost(reason: String, retryAt: Int64)
}

/// What the console wants done outside of it.
package enum ConsoleEffect: Sendable, Equatable {
    /// Follow the lines that match, from now on, under this number.
    case startTail(Int, query: String)
    case search(Int, SearchRequest)
    case count(Int, LevelCountRequest)
    /// Give up what runs for the search screen.
    case cancelSearch
    /// Try the link now instead of at the end of its wait.
    case retryNow
    case suspend
    case repaint
    case quit
}
