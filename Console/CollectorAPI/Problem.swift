import LineFormats

/// What a server answered instead of a result: an RFC 9457 problem document, or what could be made of the answer.
package struct Problem: Sendable, Equatable {
    /// The HTTP status.
    package var status: Int
    package var title: String
    package var detail: String
    /// Position in the query, both from 1.
    package var line: Int?
    package var column: Int?

    package init(status: Int, title: String, detail: String, line: Int? = nil, column: Int? = nil) {
        self.status = status
        self.title = title
        self.detail = detail
        self.line = line
        self.column = column
    }

    /// Reads the body of an answer with an error status. A body that is no problem document becomes the detail.
    package init(status: Int, body: [UInt8]) {
        guard let document = try? JSONValue(parsing: body), document.members != nil else {
            let text = String(decoding: body.prefix(300), as: UTF8.self)
            let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            self.init(status: status, title: "HTTP status \(status)", detail: line)
            return
        }
        // Further lines of the detail draw the query with a caret, which is done here from line and column.
        let detail = document["detail"]?.string ?? ""
        self.init(
            status: status, title: document["title"]?.string ?? "HTTP status \(status)",
            detail: detail.split(whereSeparator: \.isNewline).first.map(String.init) ?? "",
            line: document["line"]?.int, column: document["column"]?.int)
    }

    /// One line for people.
    package var summary: String {
        detail.isEmpty ? title : detail
    }

    /// The line of the query the problem is in and a caret below the place; nil when the server named none.
    package func caret(in query: String) -> (line: String, caret: String)? {
        guard let column, column >= 1 else { return nil }
        let lines = query.split(separator: "\n", omittingEmptySubsequences: false)
        let number = (line ?? 1) - 1
        guard number >= 0, number < lines.count else { return nil }
        let text = String(lines[number])
        return (text, String(repeating: " ", count: min(column - 1, text.count)) + "^")
    }
}

/// Why a request gave no result.
package enum RequestFailure: Error, Sendable, Equatable {
    /// No connection; a sentence.
    case unreachable(String)
    /// The connection broke in the middle of an answer; a sentence.
    case broken(String)
    /// The server answered with an error.
    case problem(Problem)
    /// The answer took too long.
    case timedOut
    /// Given up on request.
    case cancelled
    /// The answer was not what the contract says; a sentence.
    case malformed(String)

    /// One line for people.
    package var summary: String {
        switch self {
        case .unreachable(let reason), .broken(let reason): reason
        case .problem(let problem): problem.summary
        case .timedOut: "no answer in time"
        case .cancelled: "cancelled"
        case .malformed(let reason): reason
        }
    }
}
