import LineFormats

/// One query that runs or waits, as `/v1/queries` tells it.
package struct QueryState: Sendable, Equatable {
    /// How it is named, for example `q17`.
    package var id = ""
    /// `running`, `waiting` or `ending`.
    package var state = ""
    /// Who asks.
    package var user = ""
    /// The route it came by.
    package var route = ""
    /// The query.
    package var text = ""
    /// How the client names its request; empty when it does not.
    package var requestID = ""
    /// How long it waited, milliseconds.
    package var waited = 0
    /// How long it has been running, milliseconds; nil while it waits.
    package var running: Int?
    /// Blocks to look at and looked at.
    package var blocks = 0
    package var blocksDone = 0
    /// Rows and bytes read.
    package var rows = 0
    package var bytes = 0
    /// Bytes of memory that it holds.
    package var memoryBytes = 0

    init(_ value: JSONValue) {
        func text(_ name: String) -> String { value[name]?.string ?? "" }
        func number(_ name: String) -> Int { value[name]?.int ?? 0 }
        id = text("id")
        state = text("state")
        user = text("user")
        route = text("route")
        self.text = text("query")
        requestID = text("request_id")
        waited = number("waited_ms")
        running = value["running_ms"]?.int
        blocks = number("blocks")
        blocksDone = number("blocks_done")
        rows = number("rows")
        bytes = number("bytes")
        memoryBytes = number("memory_bytes")
    }
}

/// A shape of queries of which some died.
package struct ShapeState: Sendable, Equatable {
    /// How it is named.
    package var id: String
    /// The shape, literals left out.
    package var shape: String
    /// What happens to such queries.
    package var state: String
    /// For how many seconds more; nil when no time ends it.
    package var secondsLeft: Int?
}

/// The answer of `/v1/queries`.
package struct QueryList: Sendable, Equatable {
    package var queries: [QueryState]
    package var shapes: [ShapeState]

    /// Reads an answer; members that are missing stay empty.
    ///
    /// - Throws: ``RequestFailure/malformed(_:)`` when it is no JSON object.
    package init(parsing body: [UInt8]) throws(RequestFailure) {
        guard let document = try? JSONValue(parsing: body), document.members != nil else {
            throw .malformed("the answer about queries is no JSON object; is this a collector?")
        }
        queries = (document["queries"]?.array ?? []).map { QueryState($0) }
        shapes = (document["shapes"]?.array ?? []).map { shape in
            ShapeState(
                id: shape["id"]?.string ?? "", shape: shape["shape"]?.string ?? "",
                state: shape["state"]?.string ?? "", secondsLeft: shape["seconds_left"]?.int)
        }
    }
}
