import LineFormats
package import LogModel

/// One page of `/v1/search`. Rows stay bytes until they are shown.
package struct SearchPage: Sendable, Equatable {
    package var rows: [[UInt8]] = []
    package var hits = 0
    package var scanned = 0
    package var tookMilliseconds = 0
    package var isComplete = true
    package var nextCursor: String?

    package init() {}

    /// Reads an answer.
    ///
    /// - Throws: ``RequestFailure/malformed(_:)`` when it is not one.
    package init(parsing body: [UInt8]) throws(RequestFailure) {
        let outcome: Result<SearchPage, JSONError> = body.withUnsafeBytes { text in
            var page = SearchPage()
            var scanner = JSONScanner(text)
            return Result { () throws(JSONError) in
                try page.read(&scanner)
                return page
            }
        }
        switch outcome {
        case .success(let page): self = page
        case .failure(let error):
            throw .malformed("the answer to the search is not the JSON it should be: \(error)")
        }
    }

    private mutating func read(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.beginObject()
        var first = true
        while let key = try scanner.nextKey(isFirst: first) {
            first = false
            if key.raw.elementsEqual("logs".utf8) {
                try readRows(&scanner)
                continue
            }
            let name = String(decoding: key.raw, as: UTF8.self)
            let value = try JSONValue(from: &scanner)
            switch name {
            case "hits": hits = value.int ?? 0
            case "scanned": scanned = value.int ?? 0
            case "took_ms": tookMilliseconds = value.double.map { wholeNumber($0, upTo: 1 << 53) } ?? 0
            case "complete": isComplete = value.bool ?? true
            case "next_cursor": nextCursor = value.string
            default: break
            }
        }
        try scanner.expectEnd()
    }

    private mutating func readRows(_ scanner: inout JSONScanner) throws(JSONError) {
        try scanner.beginArray()
        while try scanner.nextElement(isFirst: rows.isEmpty) {
            rows.append(Array(try scanner.skipValue()))
        }
    }
}

/// The answer to a ``LevelCountRequest``.
package struct LevelCounts: Sendable, Equatable {
    /// Lines of one level in one bucket.
    package struct Entry: Sendable, Equatable {
        package var start: Timestamp
        package var level: Level
        package var count: Int

        package init(start: Timestamp, level: Level, count: Int) {
            self.start = start
            self.level = level
            self.count = count
        }
    }

    /// No bucket is said to have more lines than this, so that those of a whole answer can be added up.
    package static let mostEvents = 1 << 40

    package var entries: [Entry] = []
    package var scanned = 0

    package init() {}

    /// Reads an answer.
    ///
    /// - Throws: ``RequestFailure/malformed(_:)`` when it is not one.
    package init(parsing body: [UInt8]) throws(RequestFailure) {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: body)
        } catch {
            throw .malformed("the answer to the aggregation is not JSON: \(error)")
        }
        scanned = document["scanned"]?.int ?? 0
        for bucket in document["buckets"]?.array ?? [] {
            guard let count = bucket["count"]?.int, let start = bucket["ts"]?.string.flatMap(Timestamp.init(parsing:))
            else { continue }
            let level = Level(parsing: bucket["group"]?["level"]?.string ?? "")
            entries.append(Entry(start: start, level: level, count: min(max(0, count), Self.mostEvents)))
        }
    }
}

/// The answer of `/health`.
package struct Health: Sendable, Equatable {
    /// Seconds that fit into nanoseconds: 136 years.
    private static let longestUptime = 1 << 32

    package var status = ""
    package var version = ""
    package var uptimeSeconds = 0
    package var rows = 0
    package var segments = 0
    package var diskBytes = 0
    package var headRows = 0
    package var streams = 0
    package var oldest: Timestamp?
    package var newest: Timestamp?
    package var journalBytes = 0
    package var journalFiles = 0
    package var ingestedEvents = 0
    package var rejectedEvents = 0

    package init() {}

    /// Reads an answer; members that are missing stay zero.
    ///
    /// - Throws: ``RequestFailure/malformed(_:)`` when it is no JSON object.
    package init(parsing body: [UInt8]) throws(RequestFailure) {
        guard let document = try? JSONValue(parsing: body), document.members != nil else {
            throw .malformed("the answer to the health check is no JSON object; is this a collector?")
        }
        status = document["status"]?.string ?? ""
        version = document["version"]?.string ?? ""
        uptimeSeconds = document["uptime_s"]?.double.map { wholeNumber($0, upTo: Self.longestUptime) } ?? 0
        let store = document["store"]
        rows = store?["rows"]?.int ?? 0
        segments = store?["segments"]?.int ?? 0
        diskBytes = store?["disk_bytes"]?.int ?? 0
        headRows = store?["head_rows"]?.int ?? 0
        streams = store?["streams"]?.int ?? 0
        oldest = Self.moment(store?["oldest"])
        newest = Self.moment(store?["newest"])
        journalBytes = document["journal"]?["bytes"]?.int ?? 0
        journalFiles = document["journal"]?["files"]?.int ?? 0
        ingestedEvents = document["ingest"]?["events"]?.int ?? 0
        rejectedEvents = document["ingest"]?["rejected"]?.int ?? 0
    }

    private static func moment(_ value: JSONValue?) -> Timestamp? {
        if let text = value?.string { return Timestamp(parsing: text) }
        if case .number(let text) = value { return Timestamp(parsing: text) }
        return nil
    }
}

/// A number of an answer, which may be any, as a whole one from 0 to `limit`.
private func wholeNumber(_ value: Double, upTo limit: Int) -> Int {
    // The comparison is false for what is no number.
    value >= 0 ? Int(min(value, Double(limit)).rounded()) : 0
}
