package import CollectorAPI

/// What the exit code of a subcommand says. A failure is never 0, and 1 is never a failure of the tool.
package enum ExitStatus: Int32, Sendable {
    /// Done, or the condition holds.
    case success = 0
    /// The condition asked about does not hold.
    case conditionFalse = 1
    /// Wrong usage, or a query that is no LogsQL.
    case usage = 2
    /// No connection.
    case cannotConnect = 3
    /// Not allowed.
    case refused = 4
    /// The server failed, or the answer is not whole.
    case serverError = 5
    /// More rows than shown, and that was not acceptable.
    case truncated = 6
    /// Lines were lost on the way, and that was not acceptable.
    case linesLost = 7
    /// Events are known to be missing, and that was not acceptable.
    case incomplete = 8
    /// The time was over.
    case timedOut = 124
    /// Ctrl-C.
    case interrupted = 130

    /// The code for a request that failed.
    package init(_ failure: RequestFailure) {
        switch failure {
        case .unreachable: self = .cannotConnect
        case .broken, .malformed: self = .serverError
        case .timedOut: self = .timedOut
        case .cancelled: self = .interrupted
        case .problem(let problem):
            switch problem.status {
            case 401, 403: self = .refused
            case 400, 404, 405, 413, 414, 415, 422: self = .usage
            default: self = .serverError
            }
        }
    }
}
